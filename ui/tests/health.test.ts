// What the till relies on: a line each, with its state as icon and word, the second it was known and
// what to do.

import { flushPromises } from "@vue/test-utils";
import { afterEach, expect, test, vi } from "vitest";
import type { CounterView } from "../src/bindings/CounterView";
import type { HealthView } from "../src/bindings/HealthView";
import type { WaitingView } from "../src/bindings/WaitingView";
import { attemptIn, healthWith, sceneOf, settingsWith } from "../src/demo-scenes";
import type { Language } from "../src/text";
import { NOW, open, scanner, type } from "./mounted";
import type { Page } from "./mounted";

const AUTH_CODE = "281234567890123456";

let till: Page;
afterEach(() => {
  till.page.unmount();
  vi.useRealTimers();
});

/** Opens the list. */
async function listed(counter: Partial<CounterView> = {}, spoken: Language = "zh"): Promise<void> {
  till = await open(counter, spoken);
  await type("<F1>");
  await vi.dynamicImportSettled();
  await flushPromises();
}

function line(of: string): string {
  return till.page.get(`[data-of=${of}]`).text();
}

function level(of: string): string | undefined {
  const levels = ["good", "plain", "care", "stop"];
  return till.page.get(`[data-of=${of}]`).classes().find((name) => levels.includes(name));
}

function screen(): string | undefined {
  return till.page.get("main").attributes("data-screen");
}

test("one key or one press lists the channels, the disk, the clock and the copies", async () => {
  await listed();
  const lines = till.page.findAll("[data-of]").map((row) => row.attributes("data-of"));
  expect(lines).toEqual(["alipay", "wechat", "cash", "hearing", "disk", "clock", "backup", "sound"]);
  expect(line("alipay")).toBe("支付宝正常0.4 秒应答10:03:17 得知");
  const seen = "付款到显示：通知 0.4 秒（近 12 笔） · 付款到显示：查询 2.3 秒（近 2 笔）";
  expect(line("hearing")).toBe(`到账通知已连上中继中继在本程序内 · ${seen}09:48:21 得知`);
  expect(line("disk")).toBe("磁盘能写，够用还剩 71.8 GB10:03:00 得知");
  expect(line("clock")).toBe("时间和平台一致10:03:17 得知");
  expect(line("backup")).toBe("备份已备份09:33:11 得知");
  expect(line("sound")).toBe("声音有声音设备");
  expect(till.page.findAll(".row.good")).toHaveLength(8);
  await type("<F1>");
  expect(screen()).toBe("sell");
  await till.page.get(".top [data-key=health]").trigger("click");
  expect(screen()).toBe("health");
  await till.page.get("[data-key=escape]").trigger("click");
  expect(screen()).toBe("sell");
});

test.each([
  [false, { sound: true, voice: false }, "care", "没有声音设备"],
  [false, { sound: false, voice: false }, "plain", "门店设为不出声"],
  [true, { sound: true, voice: true }, "good", "有声音设备"],
])("sound: a device %s, wanted %o, is %s", async (soundWorks, wanted, sure, said) => {
  await listed({ soundWorks, settings: settingsWith(wanted) });
  expect(level("sound")).toBe(sure);
  expect(line("sound")).toContain(said);
});

test.each([
  ["asking", "plain", "没有中继，靠查询"],
  ["silent", "plain", "连不上中继，改为查询照常收款"],
  ["refused", "care", "中继不认本台，改为查询照常收款；请实施人员核对 till、key_id 和 key_file"],
  ["strange", "care", "请实施人员核对 address"],
  ["wrong_file", "care", "look at line 3"],
  ["not_started", "care", "本程序内的中继没有启动，改为查询照常收款"],
] as const)("notices: %s is %s and says that sales go on", async (state, sure, said) => {
  const { hearing } = healthWith(NOW);
  const detail = state === "wrong_file" ? "look at line 3" : null;
  const quiet = { ...hearing, state, detail, byNotice: null, byAsking: null };
  await listed({ health: healthWith(NOW, { hearing: quiet }) });
  expect(level("hearing")).toBe(sure);
  expect(line("hearing")).toContain(said);
});

test("whatever is wrong says what to do and the particulars that are needed for it", async () => {
  await listed(sceneOf("health", NOW).counter);
  expect(line("wechat")).toContain("配置不对请店长处理");
  expect(line("disk")).toContain("快满了请清出空间；满了就不能收款还剩 480 MB");
  expect(line("clock")).toContain("请校准电脑时间，再重开本程序电脑 2026-11-21 10:03，平台 2026-11-21 10:13");
  expect(line("backup")).toContain("两小时没有备份请检查备份盘open the folder");
  expect(["wechat", "disk", "clock", "backup"].map(level)).toEqual(["stop", "care", "care", "care"]);
  till.page.unmount();
  await listed(sceneOf("silent", NOW).counter, "en");
  expect(line("wechat")).toContain("No answer since 10:02Use another, or check the network");
  expect(level("wechat")).toBe("care");
});

test.each<[string, Partial<HealthView>, string, string, string]>([
  ["disk", { disk: "unknown", diskAtMs: null, diskFreeMb: null }, "plain", "还没看过", "Not looked at"],
  ["disk", { disk: "full" }, "stop", "满了，不能收款", "Full"],
  ["disk", { disk: "read_only" }, "stop", "不能写", "Cannot be written"],
  ["disk", { disk: "failing" }, "stop", "读写出错", "It fails"],
  ["disk", { disk: "damaged" }, "stop", "不要删除文件", "delete nothing"],
  ["clock", { clock: "wrong" }, "care", "电脑 2026-11-21 10:03", "computer 2026-11-21 10:03"],
  ["clock", { clock: "unknown", clockAtMs: null }, "plain", "请稍等", "One moment"],
  ["backup", { backup: "soon", backupAtMs: null }, "plain", "马上备第一份", "about to be made"],
  ["backup", { backup: "unset", backupAtMs: null }, "care", "backup_folder", "backup_folder"],
  ["backup", { backup: "failed" }, "care", "几分钟后再试", "in minutes"],
  ["backup", { backup: "stopped" }, "stop", "旧备份别动", "Keep the old copies"],
  ["backup", { backup: "practice", backupAtMs: null }, "plain", "练习的账不备份", "not copied"],
])("%s %j is %s", async (of, health, expected, zh, en) => {
  for (const [spoken, words] of [["zh", zh], ["en", en]] as const) {
    await listed({ health: healthWith(NOW, health) }, spoken);
    expect(line(of)).toContain(words);
    expect(level(of)).toBe(expected);
    till.page.unmount();
  }
});

test("copies that a till which only practises has not are nothing to do", async () => {
  const health = healthWith(NOW, { backup: "unset", backupAtMs: null });
  await listed({ shop: "practice_only", practice: true, health });
  expect(level("backup")).toBe("plain");
  expect(till.page.get(".top [data-key=health]").attributes("data-level")).toBe("plain");
});

test("the button tells the worst of all, and is the notice where there is one", async () => {
  till = await open();
  const button = (): ReturnType<Page["page"]["get"]> => till.page.get(".top [data-key=health]");
  expect(button().attributes("data-level")).toBe("good");
  expect(button().get(".spoken").text()).toBe("收银台状态: 都正常");
  till.host.put({ ...till.host.view(), health: healthWith(NOW, { backup: "failed" }) });
  await flushPromises();
  expect(button().attributes("data-level")).toBe("care");
  till.host.put({ ...till.host.view(), notices: [{ notice: "disk_low", detail: null }] });
  await flushPromises();
  expect(button().text()).toBe("磁盘快满了F1");
  await button().trigger("click");
  expect(screen()).toBe("health");
});

test("what has no line of its own is listed below, with its particulars", async () => {
  await listed({
    notices: [
      { notice: "copied_database", detail: "/a/till" },
      { notice: "disk_low", detail: "/a/till" },
    ],
  });
  expect(till.page.findAll(".other").map((each) => each.text())).toEqual([
    "数据来自别的电脑：请店长处理 · /a/till",
  ]);
});

test("copies of another day are told with their day", async () => {
  await listed({ health: healthWith(NOW, { backupAtMs: NOW - 86_400_000 }) });
  expect(line("backup")).toContain("11-20 10:03:21 得知");
});

test("a digit goes back and types, a waiting sale stays in sight", async () => {
  await listed();
  await type("5");
  expect(screen()).toBe("sell");
  expect(till.amount()).toBe("¥5.00");
  till.page.unmount();
  await listed({ front: attemptIn("unknown", NOW) });
  expect(till.page.get(".ribbon").text()).toContain("结果未知");
  await type("-");
  expect(screen()).toBe("sell");
  expect(till.asked("cancelAttempt")).toEqual([]);
});

test("a scan over the list charges nothing that nobody saw", async () => {
  till = await open({ settings: settingsWith({ scanner: "trigger" }) });
  await type("12.50<F1>");
  await vi.advanceTimersByTimeAsync(1_000);
  await scanner(`${AUTH_CODE}<Enter>`);
  expect(screen()).toBe("sell");
  expect(till.asked("scanCode")).toEqual([]);
});

test("a channel's tile has its name and a word, and what to do where it cannot be used", async () => {
  till = await open(sceneOf("silent", NOW).counter);
  const tiles = till.page.findAll(".tile").map((tile) => tile.text());
  expect(tiles).toEqual(["支付宝正常", "微信没有应答先用别的", "现金正常"]);
});

const REFUNDS: WaitingView = {
  kind: "refunds",
  count: 12,
  oldestMs: NOW - 190_000,
  nextMs: NOW + 9_000,
};
const SILENT = sceneOf("silent", NOW).counter.channels.filter(({ channel }) => channel !== "alipay");

test("what waits while nothing answers says how much, how old, and when it is tried next", async () => {
  const waiting = [REFUNDS, { ...REFUNDS, kind: "asks" as const, count: 1, nextMs: NOW - 1 }];
  const counter = { channels: SILENT, health: healthWith(NOW, { waiting }) };
  await listed(counter);
  expect(line("refunds")).toBe("退款12 笔待发微信有应答就自动发出，不用重做下次 10:03:30 再试最早 3 分钟");
  expect(line("asks")).toBe("核对1 笔旧单待核对微信有应答就自动发出，不用重做最早 3 分钟");
  expect([level("refunds"), level("asks")]).toEqual(["care", "care"]);
  till.page.unmount();
  await listed(counter, "en");
  expect(line("refunds")).toContain("12 waiting to go out");
  expect(line("refunds")).toContain("Next try at 10:03:30");
  expect(line("asks")).toContain("1 ended sale to check");
});

test.each([
  [59_000, "1 分钟内发完", "Done in under a minute"],
  [61_000, "约 2 分钟发完", "Done in about 2 min"],
  [600_000, "约 10 分钟发完", "Done in about 10 min"],
])("what goes out is said to be done in %d ms: %s", async (ms, zh, en) => {
  const health = healthWith(NOW, { waiting: [REFUNDS], waitingDoneMs: NOW + ms });
  for (const [spoken, words, sells] of [
    ["zh", zh, "照常收款，收款优先"],
    ["en", en, "sell as usual, sales go first"],
  ] as const) {
    await listed({ health }, spoken);
    expect(line("refunds")).toContain(words);
    expect(line("refunds")).toContain(sells);
    expect(level("refunds")).toBe("plain");
    till.page.unmount();
  }
});

test("nobody is told to sell as usual where the cap is reached, and lines go with what waited", async () => {
  const full = sceneOf("zero", NOW).counter.channels.map((channel) =>
    channel.channel === "cash" ? channel : { ...channel, state: "full" as const },
  );
  const health = healthWith(NOW, { waiting: [REFUNDS], waitingDoneMs: NOW + 61_000 });
  await listed({ channels: full, health });
  expect(line("refunds")).toContain("正在自动发出");
  expect(line("refunds")).not.toContain("收款优先");
  till.host.put({ ...till.host.view(), health: healthWith(NOW) });
  await flushPromises();
  expect(till.page.find("[data-of=refunds]").exists()).toBe(false);
});

test("a sale nobody knows of is a line, and a refund that waits for a person leads to the list", async () => {
  await listed({
    unknownCount: 2,
    unknownSumFen: 3_100,
    unknownOldestMs: NOW - 61_000,
    waitingRefunds: 3,
  });
  expect(line("sales")).toContain("2 笔结果未知 ¥31.00系统一直在查；没有结果前别重收");
  expect(line("sales")).toContain("最早 1 分钟");
  expect(line("person")).toBe("退款3 笔退款待处理逐笔处理去处理F5");
  expect(till.page.get(".top [data-key=health]").attributes("data-level")).toBe("care");
  await till.page.get("[data-of=person] [data-act=open_items]").trigger("click");
  expect(screen()).toBe("open_items");
});
