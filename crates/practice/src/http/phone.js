// The phone page: a person plays the customer.
//
// It holds no truth: it asks for the whole state once a second and shows what it is told. Text
// from outside is only ever put in as text.

"use strict";

const texts = {
  zh: {
    other: "English",
    title: "练习手机",
    note: "这里的钱都是假的。真付款码在练习模式里收不到钱。",
    showTitle: "出示付款码",
    scanTitle: "扫收银台的码",
    decideTitle: "等您付款",
    tradesTitle: "账单",
    who: "顾客",
    customer: (number) => `顾客 ${number}`,
    wallet: "钱包",
    wallets: { alipay: "支付宝", wechat: "微信" },
    scanWith: (wallet) => `用${wallet}扫码`,
    manner: "怎么付",
    show: "出示付款码",
    copy: "复制",
    copied: "已复制",
    putAway: "收起",
    left: (seconds) => `还剩 ${seconds} 秒`,
    used: "已被扫走",
    qrHint: "粘贴码里的文字",
    scan: "扫码",
    noOffers: "现在没有可以扫的码。",
    noneWaiting: "没有等您付的单。",
    time: "时间",
    amount: "金额",
    status: "状态",
    number: "商户订单号",
    refunded: (yuan) => `已退 ${yuan}`,
    picture: "付款码的图",
    unreachable: "连不上练习服务，正在重试。",
    manners: {
      by_hand: "我来决定", pays: "马上付", types_password: "慢慢输密码（8 秒）",
      refuses: "取消付款", too_little_money: "余额不足", walks_away: "走开",
    },
    acts: {
      pays: "付款", types_password: "慢慢输密码", refuses: "取消付款",
      too_little_money: "余额不足", walks_away: "走开",
    },
    statuses: {
      WAIT_BUYER_PAY: "等待付款", TRADE_SUCCESS: "已付款", TRADE_FINISHED: "已完结",
      TRADE_CLOSED: "已关闭",
    },
    plans: {
      pays_at: "正在输密码", decides: "等您决定", cannot_pay: "余额不足",
      refused: "您取消了付款", walked_away: "您走开了",
    },
    errors: {
      not_ours: "这不是练习的码。", expired: "码已过期或已撤销。", taken: "别的顾客已经扫了这个码。",
      paid: "这一单已经付了。", closed: "这一单已经关闭。", no_trade: "没有这一单。",
    },
  },
  en: {
    other: "中文",
    title: "Practice phone",
    note: "No money here is real. A real payment code pays nothing in practice.",
    showTitle: "Show a payment code",
    scanTitle: "Scan a till's code",
    decideTitle: "Waiting for you to pay",
    tradesTitle: "Trades",
    who: "Customer",
    customer: (number) => `Customer ${number}`,
    wallet: "Wallet",
    wallets: { alipay: "Alipay", wechat: "WeChat" },
    scanWith: (wallet) => `Scan with ${wallet}`,
    manner: "How to pay",
    show: "Show payment code",
    copy: "Copy",
    copied: "Copied",
    putAway: "Put away",
    left: (seconds) => `${seconds} s left`,
    used: "Scanned",
    qrHint: "Paste the code's text",
    scan: "Scan",
    noOffers: "There is no code to scan.",
    noneWaiting: "Nothing waits for you.",
    time: "Time",
    amount: "Amount",
    status: "Status",
    number: "Merchant's number",
    refunded: (yuan) => `${yuan} returned`,
    picture: "Picture of the payment code",
    unreachable: "Practice does not answer; trying again.",
    manners: {
      by_hand: "I decide", pays: "Pay at once", types_password: "Type the password slowly (8 s)",
      refuses: "Cancel", too_little_money: "Too little money", walks_away: "Walk away",
    },
    acts: {
      pays: "Pay", types_password: "Type slowly", refuses: "Cancel",
      too_little_money: "Too little money", walks_away: "Walk away",
    },
    statuses: {
      WAIT_BUYER_PAY: "Waiting", TRADE_SUCCESS: "Paid", TRADE_FINISHED: "Finished",
      TRADE_CLOSED: "Closed",
    },
    plans: {
      pays_at: "Typing the password", decides: "For you to decide", cannot_pay: "Too little money",
      refused: "You cancelled", walked_away: "You walked away",
    },
    errors: {
      not_ours: "This is not a code of practice.", expired: "The code has expired or was cancelled.",
      taken: "Another customer has scanned this code.", paid: "This trade is paid.",
      closed: "This trade is closed.", no_trade: "There is no such trade.",
    },
  },
};

const TYPING_MS = 8000;
const CUSTOMERS = [1, 2, 3, 4, 5];

let language = navigator.language.startsWith("zh") ? "zh" : "en";
let showing = null; // The payment code on the screen, as the service describes it.
let state = null;
let problem = null; // A key of `errors`, or "unreachable".

const text = () => texts[language];
const element = (id) => document.getElementById(id);
const yuan = (fen) => `¥${Math.trunc(fen / 100)}.${String(fen % 100).padStart(2, "0")}`;
const customer = () => Number(element("customer").value);
/** Practice plays Alipay always, and says which others. */
const wallets = () => state?.channels ?? ["alipay"];

function manner(kind) {
  return { manner: kind === "types_password" ? { types_password: { after_ms: TYPING_MS } } : kind };
}

function made(tag, className, content) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (content !== undefined) node.textContent = content;
  return node;
}

async function post(path, body) {
  problem = null;
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const answer = await response.json();
    if (response.ok) return answer;
    problem = answer.error;
  } catch {
    problem = "unreachable";
  }
  return null;
}

async function refresh() {
  try {
    state = await (await fetch("/control/state")).json();
    if (problem === "unreachable") problem = null;
  } catch {
    problem = "unreachable";
  }
  const shown = showing && state?.payment_codes.find((code) => code.code === showing.code);
  if (shown) showing = shown;
  // A wallet draws another code when the old one has run out.
  if (showing && !showing.used_for && state && state.now_ms >= showing.expires_ms) await show();
  draw();
}

async function show() {
  const channel = element("wallet").value;
  const asked = { channel, customer: customer(), ...manner(element("show-manner").value) };
  showing = (await post("/control/payment-codes", asked)) ?? showing;
}

async function scan(qr) {
  const asked = { customer: customer(), qr, ...manner(element("scan-manner").value) };
  if (await post("/control/scans", asked)) element("qr").value = "";
  await refresh();
}

async function behave(outTradeNo, kind) {
  await post("/control/trades", { out_trade_no: outTradeNo, ...manner(kind) });
  await refresh();
}

function drawShown() {
  element("shown").hidden = showing === null;
  if (showing === null || state === null) return;
  const picture = `/phone/code.svg?text=${encodeURIComponent(showing.code)}`;
  if (element("shown-picture").getAttribute("src") !== picture) element("shown-picture").src = picture;
  element("shown-picture").alt = text().picture;
  if (element("shown-digits").textContent !== showing.code) {
    // In groups for the eye only: what is selected and copied has no blanks.
    const groups = showing.code.match(/.{1,4}/g).map((group) => made("span", "", group));
    element("shown-digits").replaceChildren(...groups);
    element("copy").textContent = text().copy;
  }
  const seconds = Math.max(0, Math.ceil((showing.expires_ms - state.now_ms) / 1000));
  element("shown-left").textContent = showing.used_for ? text().used : text().left(seconds);
}

function drawOffers() {
  const rows = state.offers.map((offer) => {
    const row = made("li");
    const what = made("div", "what");
    what.append(made("div", "amount", yuan(offer.amount_fen)), made("div", "small", offer.subject));
    const press = made("button", "", text().scanWith(text().wallets[offer.channel]));
    press.type = "button";
    press.dataset.key = `scan ${offer.qr}`;
    press.addEventListener("click", () => scan(offer.qr));
    row.append(what, press);
    return row;
  });
  keepFocus(element("offers"), rows);
  element("no-offers").hidden = rows.length > 0;
}

function drawWaiting() {
  const waiting = state.trades.filter((trade) => trade.status === "WAIT_BUYER_PAY");
  const rows = waiting.map((trade) => {
    const row = made("li");
    const plan = typeof trade.plan === "string" ? trade.plan : Object.keys(trade.plan)[0];
    const what = made("div", "what");
    what.append(
      made("div", "amount", yuan(trade.amount_fen)),
      made("div", "small", [
        text().wallets[trade.channel], trade.subject, text().customer(trade.customer), text().plans[plan],
      ].join(" · ")),
    );
    row.append(what);
    for (const kind of Object.keys(text().acts)) {
      const press = made("button", "", text().acts[kind]);
      press.type = "button";
      press.dataset.key = `${kind} ${trade.out_trade_no}`;
      press.addEventListener("click", () => behave(trade.out_trade_no, kind));
      row.append(press);
    }
    return row;
  });
  keepFocus(element("waiting"), rows);
  element("none-waiting").hidden = rows.length > 0;
}

function drawTrades() {
  const rows = state.trades.map((trade) => {
    const row = made("tr");
    const when = new Date(trade.paid_ms ?? trade.made_ms).toLocaleTimeString(language);
    let status = text().statuses[trade.status];
    if (trade.refunded_fen > 0) status += ` · ${text().refunded(yuan(trade.refunded_fen))}`;
    const wallet = text().wallets[trade.channel];
    for (const cell of [
      when, wallet, yuan(trade.amount_fen), status, trade.out_trade_no, text().customer(trade.customer),
    ]) {
      row.append(made("td", "", cell));
    }
    return row;
  });
  element("trades").replaceChildren(...rows);
}

// Redrawing once a second must not take the keyboard away from a button.
function keepFocus(list, rows) {
  const key = document.activeElement?.dataset?.key;
  list.replaceChildren(...rows);
  if (key === undefined) return;
  for (const press of list.querySelectorAll("button")) {
    if (press.dataset.key === key) press.focus();
  }
}

function draw() {
  element("problem").textContent =
    problem === "unreachable" ? text().unreachable : problem ? (text().errors[problem] ?? problem) : "";
  drawWallets();
  drawShown();
  if (state === null) return;
  drawOffers();
  drawWaiting();
  drawTrades();
}

function drawWallets() {
  const choices = wallets().map((wallet) => [wallet, text().wallets[wallet]]);
  element("wallet-choice").hidden = choices.length < 2;
  const drawn = [...element("wallet").options].map((option) => [option.value, option.textContent]);
  if (JSON.stringify(drawn) !== JSON.stringify(choices)) fill(element("wallet"), choices);
}

function fill(select, choices) {
  const chosen = select.value;
  select.replaceChildren(...choices.map(([value, label]) => {
    const option = made("option", "", label);
    option.value = value;
    return option;
  }));
  if (chosen) select.value = chosen;
}

function speak() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = text().title;
  for (const node of document.querySelectorAll("[data-text]")) node.textContent = text()[node.dataset.text];
  for (const node of document.querySelectorAll("[data-hint]")) node.placeholder = text()[node.dataset.hint];
  element("qr").setAttribute("aria-label", text().qrHint);
  element("language").textContent = text().other;
  fill(element("customer"), CUSTOMERS.map((number) => [String(number), text().customer(number)]));
  fill(element("show-manner"), Object.entries(text().manners));
  fill(element("scan-manner"), Object.entries(text().manners));
  draw();
}

element("language").addEventListener("click", () => {
  language = language === "zh" ? "en" : "zh";
  speak();
});
element("show").addEventListener("click", async () => {
  await show();
  await refresh();
});
element("put-away").addEventListener("click", () => {
  showing = null;
  draw();
});
element("copy").addEventListener("click", async () => {
  await navigator.clipboard.writeText(showing.code);
  element("copy").textContent = text().copied;
});
element("scan").addEventListener("click", () => scan(element("qr").value));
element("qr").addEventListener("keydown", (event) => {
  if (event.key === "Enter") scan(element("qr").value);
});

speak();
refresh();
setInterval(refresh, 1000);
