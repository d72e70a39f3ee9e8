//! The control API: what tests, the demo and the phone page use to play the customers.
//!
//! JSON in and out. Bodies must say `application/json`, which a page of another origin cannot send
//! without asking first.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::Shared;
use crate::notices::Notice;
use crate::phone::{CustomerId, Manner, PAYMENT_CODE_LIFE_MS, PhoneError};
use crate::practice::{Answer, Practice};
use crate::state::StateError;
use crate::truth::{
    About, Asked, Channel, Form, Offer, Origin, PaymentCode, Plan, RefundFate, Trade, TradeStatus,
};
use crate::weather::{FaultKind, NoticeFault, Scripted, ScriptedNotice};

/// How many of the latest trades and payment codes a state shows.
const LATEST: usize = 50;

#[derive(Serialize)]
struct StateView {
    now_ms: i64,
    /// What is played.
    channels: Vec<Channel>,
    app_id: String,
    seller_id: String,
    /// The latest first.
    trades: Vec<TradeView>,
    /// Codes that can be scanned, the latest first.
    offers: Vec<OfferView>,
    /// The latest first.
    payment_codes: Vec<PaymentCodeView>,
    weather: WeatherView,
}

#[derive(Serialize)]
struct TradeView {
    channel: Channel,
    out_trade_no: String,
    trade_no: String,
    amount_fen: i64,
    subject: String,
    status: TradeStatus,
    origin: Origin,
    customer: CustomerId,
    plan: Plan,
    made_ms: i64,
    paid_ms: Option<i64>,
    refunded_fen: i64,
}

#[derive(Serialize)]
struct OfferView {
    channel: Channel,
    out_trade_no: String,
    qr: String,
    amount_fen: i64,
    subject: String,
    made_ms: i64,
    expires_ms: i64,
}

#[derive(Serialize)]
struct PaymentCodeView {
    channel: Channel,
    code: String,
    customer: CustomerId,
    shown_ms: i64,
    expires_ms: i64,
    used_for: Option<String>,
}

#[derive(Serialize)]
struct WeatherView {
    chances: BTreeMap<FaultKind, u32>,
    scripted: Vec<Scripted>,
    fired: BTreeMap<FaultKind, u64>,
    notices: NoticeWeatherView,
}

#[derive(Serialize)]
struct NoticeWeatherView {
    chances: BTreeMap<NoticeFault, u32>,
    scripted: Vec<ScriptedNotice>,
    fired: BTreeMap<NoticeFault, u64>,
}

#[derive(Deserialize)]
pub(super) struct ShowPaymentCode {
    #[serde(default)]
    channel: Channel,
    customer: Option<CustomerId>,
    manner: Manner,
}

#[derive(Deserialize)]
pub(super) struct Scan {
    qr: String,
    customer: Option<CustomerId>,
    manner: Manner,
}

#[derive(Deserialize)]
pub(super) struct Behave {
    out_trade_no: String,
    manner: Manner,
}

/// How a refund at WeChat Pay ends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EndRefund {
    out_refund_no: String,
    how: RefundFate,
}

/// A wish to be told.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WantNotice {
    about: About,
    url: String,
    form: Form,
}

/// What a notice was answered; no status if nothing came within 5 s.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AnswerNotice {
    about: About,
    status: Option<u16>,
    #[serde(default)]
    body: String,
}

/// A change of the weather, in this order: calm or storm, chances, scripted faults.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeWeather {
    begin: Option<Begin>,
    #[serde(default)]
    chances: BTreeMap<FaultKind, u32>,
    #[serde(default)]
    next: Vec<Scripted>,
    #[serde(default)]
    notices: ChangeNotices,
}

/// The same of notices.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangeNotices {
    #[serde(default)]
    chances: BTreeMap<NoticeFault, u32>,
    #[serde(default)]
    next: Vec<ScriptedNotice>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Begin {
    Clear,
    Storm,
}

#[derive(Serialize)]
struct Refused<'e> {
    error: &'e str,
    detail: String,
}

pub(super) async fn state(State(practice): State<Shared>) -> Response {
    answer(practice.with(|practice, now_ms| {
        practice.advance(now_ms);
        view(practice, now_ms)
    }))
}

/// Every trade of the ledger, in the order of their numbers.
pub(super) async fn trades(State(practice): State<Shared>) -> Response {
    answer(practice.with(|practice, now_ms| -> Vec<TradeView> {
        practice.advance(now_ms);
        practice.truth().trades().map(|trade| trade_view(trade, now_ms)).collect()
    }))
}

pub(super) async fn asked(State(practice): State<Shared>) -> Response {
    answer(practice.with(|practice, _| -> Vec<Asked> { practice.truth().asked().to_vec() }))
}

pub(super) async fn show_payment_code(
    State(practice): State<Shared>,
    Json(ask): Json<ShowPaymentCode>,
) -> Response {
    answer(practice.with(|practice, now_ms| {
        let customer = ask.customer.unwrap_or_else(|| practice.truth().stranger());
        let code = practice.show_payment_code_of(ask.channel, now_ms, customer, ask.manner);
        practice.truth().payment_code(&code).map(payment_code_view)
    }))
}

pub(super) async fn scan(State(practice): State<Shared>, Json(ask): Json<Scan>) -> Response {
    tried(practice.with(|practice, now_ms| -> Result<_, PhoneError> {
        let customer = ask.customer.unwrap_or_else(|| practice.truth().stranger());
        let out_trade_no = practice.scan_as(now_ms, customer, &ask.qr, ask.manner)?;
        Ok(practice.truth().trade(&out_trade_no).map(|trade| trade_view(trade, now_ms)))
    }))
}

pub(super) async fn behave(State(practice): State<Shared>, Json(ask): Json<Behave>) -> Response {
    tried(practice.with(|practice, now_ms| -> Result<_, PhoneError> {
        practice.behave(now_ms, &ask.out_trade_no, ask.manner)?;
        Ok(practice.truth().trade(&ask.out_trade_no).map(|trade| trade_view(trade, now_ms)))
    }))
}

pub(super) async fn end_refund(
    State(practice): State<Shared>,
    Json(ask): Json<EndRefund>,
) -> Response {
    tried(
        practice.with(|practice, now_ms| practice.end_refund(now_ms, &ask.out_refund_no, ask.how)),
    )
}

/// The notices that are due. Those for this machine are on their way already.
pub(super) async fn notices(State(practice): State<Shared>) -> Response {
    answer(practice.with(|practice, now_ms| -> Vec<Notice> {
        practice.advance(now_ms);
        practice.due_notices(now_ms)
    }))
}

pub(super) async fn want_notice(
    State(practice): State<Shared>,
    Json(ask): Json<WantNotice>,
) -> Response {
    answer(practice.with(|practice, now_ms| {
        practice.want_notice(now_ms, ask.about, &ask.url, ask.form);
    }))
}

pub(super) async fn notice_answered(
    State(practice): State<Shared>,
    Json(ask): Json<AnswerNotice>,
) -> Response {
    answer(practice.with(|practice, now_ms| {
        let body = ask.body.into_bytes();
        let heard = ask.status.map(|status| Answer { status, headers: Vec::new(), body });
        practice.notice_answered(now_ms, &ask.about, heard.as_ref());
    }))
}

pub(super) async fn weather(
    State(practice): State<Shared>,
    Json(change): Json<ChangeWeather>,
) -> Response {
    answer(practice.with(|practice, _| {
        let weather = practice.weather_mut();
        match change.begin {
            Some(Begin::Clear) => weather.clear(),
            Some(Begin::Storm) => {
                weather.storm();
                weather.notices_mut().storm();
            }
            None => {}
        }
        for (kind, per_mille) in change.chances {
            weather.set(kind, per_mille);
        }
        for scripted in change.next {
            match scripted.method {
                Some(method) => weather.next_of(&method, scripted.fault),
                None => weather.next(scripted.fault),
            }
        }
        let notices = weather.notices_mut();
        for (fault, per_mille) in change.notices.chances {
            notices.set(fault, per_mille);
        }
        for scripted in change.notices.next {
            match scripted.form {
                Some(form) => notices.next_of(form, scripted.fault),
                None => notices.next(scripted.fault),
            }
        }
        weather_view(practice)
    }))
}

fn answer<T: Serialize>(outcome: Result<T, StateError>) -> Response {
    match outcome {
        Ok(view) => Json(view).into_response(),
        Err(error) => {
            let refused = Refused { error: "state", detail: error.to_string() };
            (StatusCode::SERVICE_UNAVAILABLE, Json(refused)).into_response()
        }
    }
}

fn tried<T: Serialize, E: Serialize + ToString>(
    outcome: Result<Result<T, E>, StateError>,
) -> Response {
    match outcome {
        Ok(Ok(view)) => Json(view).into_response(),
        Ok(Err(no)) => {
            let body = serde_json::json!({ "error": no, "detail": no.to_string() });
            (StatusCode::CONFLICT, Json(body)).into_response()
        }
        Err(error) => answer::<()>(Err(error)),
    }
}

fn view(practice: &Practice, now_ms: i64) -> StateView {
    let truth = practice.truth();
    let mut trades: Vec<_> = truth.trades().map(|trade| trade_view(trade, now_ms)).collect();
    trades.sort_by(|one, other| other.trade_no.cmp(&one.trade_no));
    trades.truncate(LATEST);
    let can_be_scanned = |offer: &&Offer| {
        offer.killed_ms.is_none()
            && offer.expires_ms > now_ms
            && truth.trade(&offer.out_trade_no).is_none()
    };
    let mut offers: Vec<_> = truth.offers().filter(can_be_scanned).map(offer_view).collect();
    offers.sort_by_key(|offer| -offer.made_ms);
    let mut payment_codes: Vec<_> = truth.payment_codes().map(payment_code_view).collect();
    payment_codes.sort_by_key(|code| -code.shown_ms);
    payment_codes.truncate(LATEST);
    let options = practice.options();
    let mut channels = vec![Channel::Alipay];
    channels.extend(practice.wechat().map(|_| Channel::Wechat));
    StateView {
        now_ms,
        channels,
        app_id: options.app_id.clone(),
        seller_id: options.seller_id.clone(),
        trades,
        offers,
        payment_codes,
        weather: weather_view(practice),
    }
}

fn trade_view(trade: &Trade, now_ms: i64) -> TradeView {
    TradeView {
        channel: trade.channel,
        out_trade_no: trade.out_trade_no.clone(),
        trade_no: trade.trade_no.clone(),
        amount_fen: trade.amount_fen,
        subject: trade.subject.clone(),
        status: trade.status(now_ms),
        origin: trade.origin,
        customer: trade.customer,
        plan: trade.plan,
        made_ms: trade.made_ms,
        paid_ms: trade.paid_ms,
        refunded_fen: trade.refunded_fen(),
    }
}

fn offer_view(offer: &Offer) -> OfferView {
    OfferView {
        channel: offer.channel,
        out_trade_no: offer.out_trade_no.clone(),
        qr: offer.qr.clone(),
        amount_fen: offer.amount_fen,
        subject: offer.subject.clone(),
        made_ms: offer.made_ms,
        expires_ms: offer.expires_ms,
    }
}

fn payment_code_view(shown: &PaymentCode) -> PaymentCodeView {
    PaymentCodeView {
        channel: shown.channel,
        code: shown.code.clone(),
        customer: shown.customer,
        shown_ms: shown.shown_ms,
        expires_ms: shown.shown_ms + PAYMENT_CODE_LIFE_MS,
        used_for: shown.used_for.clone(),
    }
}

fn weather_view(practice: &Practice) -> WeatherView {
    let weather = practice.weather();
    WeatherView {
        chances: weather.chances().clone(),
        scripted: weather.scripted().cloned().collect(),
        fired: weather.fired().clone(),
        notices: NoticeWeatherView {
            chances: weather.notices().chances().clone(),
            scripted: weather.notices().scripted().copied().collect(),
            fired: weather.notices().fired().clone(),
        },
    }
}
