//! A service provider (服务商) calls for a merchant of its own, in both generations.

use super::*;
use crate::SubMerchant;

const SUB: &str = "1900000109";
const SUB_APP: &str = "wx8888888888888888";

fn provider() -> Wechat<Hashed> {
    let mut wechat = wechat();
    wechat.settings.sub_merchant =
        Some(SubMerchant { mch_id: SUB.to_owned(), app_id: Some(SUB_APP.to_owned()) });
    wechat
}

fn encoded(call: &Call, flow: Flow) -> (String, String) {
    let request = provider().encode_call(call, flow, NOW);
    let path = request.url.trim_start_matches("https://api.mch.weixin.qq.com").to_owned();
    (path, String::from_utf8(request.body).unwrap())
}

#[test]
fn every_request_of_v3_names_provider_and_merchant() {
    let trade = format!("/v3/pay/partner/transactions/out-trade-no/{NO}");
    let both = format!(r#""sp_mchid":"1230000109","sub_mchid":"{SUB}""#);
    let whole = format!(
        r#""sp_appid":"wxd678efh567hg6787","sp_mchid":"1230000109","sub_appid":"{SUB_APP}","sub_mchid":"{SUB}""#
    );
    let (path, body) = encoded(&submit(Flow::Show), show());
    assert_eq!(path, "/v3/pay/partner/transactions/native");
    assert!(body.starts_with(&format!("{{{whole},")), "{body}");
    let (path, body) = encoded(&query(), show());
    assert_eq!(path, format!("{trade}?sp_mchid=1230000109&sub_mchid={SUB}"));
    assert_eq!(body, "");
    let (path, body) = encoded(&Call::Close { out_trade_no: no() }, show());
    assert_eq!((path, body), (format!("{trade}/close"), format!("{{{both}}}")));
    let (path, body) = encoded(&refund(), show());
    assert_eq!(path, "/v3/refund/domestic/refunds");
    assert!(body.starts_with(&format!(r#"{{"sub_mchid":"{SUB}","out_trade_no":"{NO}""#)), "{body}");
    let (path, _) = encoded(&refund_query(), show());
    let refund_no = refund_no();
    assert_eq!(path, format!("/v3/refund/domestic/refunds/{}?sub_mchid={SUB}", refund_no.as_str()));
    let mut scans = provider();
    scans.settings.scans = Scans::V3 { store: "A1111".to_owned() };
    let request = scans.encode_call(&submit(Flow::Scan), scan(), NOW);
    assert!(request.url.ends_with("/v3/pay/partner/transactions/codepay"), "{}", request.url);
    let request = scans.encode_call(&Call::Reverse { out_trade_no: no() }, scan(), NOW);
    assert!(request.url.ends_with(&format!("{trade}/reverse")), "{}", request.url);
    assert_eq!(String::from_utf8(request.body).unwrap(), format!("{{{whole}}}"));
}

#[test]
fn every_request_of_v2_names_provider_and_merchant() {
    for call in [
        submit(Flow::Scan),
        query(),
        Call::Reverse { out_trade_no: no() },
        refund(),
        refund_query(),
        Call::Probe { out_trade_no: no() },
    ] {
        let (_, body) = encoded(&call, scan());
        for (name, value) in [
            ("appid", "wxd678efh567hg6787"),
            ("mch_id", "1230000109"),
            ("sub_appid", SUB_APP),
            ("sub_mch_id", SUB),
        ] {
            let element = format!("<{name}><![CDATA[{value}]]></{name}>");
            assert!(body.contains(&element), "{call:?}: {body}");
        }
    }
    let own = wechat().encode_call(&query(), scan(), NOW);
    assert!(!String::from_utf8(own.body).unwrap().contains("sub_"));
}

fn told(wechat: &Wechat<Hashed>, flow: Flow, reply: &HttpReply) -> String {
    brief(wechat.decode_call(&query(), flow, reply, NOW))
}

fn v3(merchant: &str) -> HttpReply {
    signed(
        200,
        &format!(
            r#"{{{merchant},"out_trade_no":"{NO}","transaction_id":"{TRANSACTION_NO}","trade_state":"SUCCESS","payer":{{"sp_openid":"{OPENID}"}},"amount":{{"total":1250,"currency":"CNY"}}}}"#
        ),
    )
}

#[test]
fn an_answer_of_v3_must_name_both() {
    let own = r#""appid":"wxd678efh567hg6787","mchid":"1230000109""#;
    let good = format!(
        r#""sp_appid":"wxd678efh567hg6787","sp_mchid":"1230000109","sub_appid":"{SUB_APP}","sub_mchid":"{SUB}""#
    );
    let paid = "paid ¥12.50 None";
    assert_eq!(told(&provider(), show(), &v3(&good)), paid);
    assert_eq!(told(&wechat(), show(), &v3(own)), paid);
    let other = good.replace(SUB, "1900000110");
    let without = good.replace(&format!(r#","sub_mchid":"{SUB}""#), "");
    for (wechat, merchant) in [
        (provider(), own.to_owned()),
        (provider(), other),
        (provider(), without),
        (provider(), good.replace("1230000109", "1230000110")),
        (provider(), good.replace("wxd678efh567hg6787", "wx0000000000000000")),
        (provider(), format!(r#"{good},"sub_mchid":"{SUB}""#)),
        (wechat(), good.clone()),
        (wechat(), format!(r#"{own},"sub_mchid":"{SUB}""#)),
    ] {
        assert_eq!(told(&wechat, show(), &v3(&merchant)), SILENT, "{merchant}");
    }
}

#[test]
fn an_answer_of_v2_must_name_both() {
    let reply = |sub_mch_id: &str| {
        xml_reply(&[
            ("result_code", "SUCCESS"),
            ("trade_state", "SUCCESS"),
            ("sub_mch_id", sub_mch_id),
            ("total_fee", "1250"),
            ("transaction_id", TRANSACTION_NO),
            ("out_trade_no", NO),
        ])
    };
    assert_eq!(told(&provider(), scan(), &reply(SUB)), "paid ¥12.50 None");
    assert_eq!(told(&wechat(), scan(), &reply("-")), "paid ¥12.50 None");
    assert_eq!(told(&provider(), scan(), &reply("1900000110")), SILENT);
    assert_eq!(told(&provider(), scan(), &reply("-")), SILENT);
    assert_eq!(told(&wechat(), scan(), &reply(SUB)), SILENT);
}
