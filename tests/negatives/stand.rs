//! A shop with a sale that the customer has paid and the till has not heard of, and the relay before
//! it: whatever is told at either door before the genuine notice must change nothing.

use mianfu_core::attempt::Screen;
use mianfu_core::channel::ChannelId;
use mianfu_core::money::Fen;
use mianfu_core::number::OutTradeNo;
use mianfu_practice::Manner;
use mianfu_practice::wechat::{Account, PlatformKey, Secrets};
use mianfu_relay::settings::Settings;
use mianfu_tests::shop::*;
use mianfu_till::Means;
use mianfu_till::notices::NoticeRefusal;
use mianfu_till::people::RefundWish;
use rsa::RsaPrivateKey;

use crate::books::business_hash;
use crate::door::{self, Door, Reply};
use crate::keys::{signer, signers, till_keys};
use crate::notices::{self, Notice, Paid, SELLER};

/// What the sale costs, in fen.
pub(crate) const PRICE: i64 = 1_250;

/// A channel's generation, and what writes a genuine notice of it.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) channel: ChannelId,
    /// The channel's name in the relay's addresses.
    pub(crate) at: &'static str,
    pub(crate) write: fn(&Paid) -> Notice,
}

pub(crate) const ALIPAY: Kind =
    Kind { name: "Alipay", channel: ChannelId::Alipay, at: "alipay", write: notices::alipay };
pub(crate) const V3: Kind =
    Kind { name: "v3", channel: ChannelId::Wechat, at: "wechat", write: notices::v3 };
pub(crate) const V2: Kind =
    Kind { name: "v2", channel: ChannelId::Wechat, at: "wechat", write: notices::v2 };
pub(crate) const KINDS: [Kind; 3] = [ALIPAY, V3, V2];

/// The shop, its relay and the sale.
pub(crate) struct Stand {
    pub(crate) shop: Shop,
    pub(crate) door: Door,
    pub(crate) kind: Kind,
    pub(crate) no: OutTradeNo,
    /// What the channel says of the sale, truly.
    pub(crate) paid: Paid,
}

/// A shop with both channels that sign with this key.
pub(crate) fn shop_of(channel: &'static RsaPrivateKey) -> Shop {
    let mut shop = Shop::with(|setup| {
        setup.both_channels();
        setup.keys = ShopKeys::Rsa(till_keys(channel));
        setup.signed_by(signer(channel));
        setup.alipay.seller_id = Some(SELLER.to_owned());
        setup.account = account(channel);
    });
    shop.wait(5_000);
    shop
}

fn account(channel: &RsaPrivateKey) -> Account {
    let secrets =
        Secrets { v2_key: V2_KEY.to_owned(), v3_key: V3_KEY.as_bytes().try_into().unwrap() };
    let key = PlatformKey {
        serial: PLATFORM_SERIAL.to_owned(),
        certificate: None,
        signer: Box::new(signer(channel)),
    };
    Account::new(APP_ID, MCH_ID, MERCHANT_SERIAL, secrets, key)
}

impl Stand {
    pub(crate) fn open(kind: Kind) -> Stand {
        Stand::with(kind, door::settings(), &signers().channel)
    }

    pub(crate) fn with(kind: Kind, settings: Settings, channel: &'static RsaPrivateKey) -> Stand {
        let mut shop = shop_of(channel);
        let shown = shown(&mut shop, kind);
        Stand::paying(kind, shop, shown, Door::open(settings, channel))
    }

    /// The same with a second sale of the price, which nobody pays; the first is put aside.
    pub(crate) fn beside_another(kind: Kind) -> (Stand, OutTradeNo) {
        let channel = &signers().channel;
        let mut shop = shop_of(channel);
        let first = shown(&mut shop, kind);
        shop.till().put_aside(&first.0).unwrap();
        let (other, _) = shown(&mut shop, kind);
        (Stand::paying(kind, shop, first, Door::open(door::settings(), channel)), other)
    }

    fn paying(kind: Kind, mut shop: Shop, (no, qr): (OutTradeNo, String), door: Door) -> Stand {
        shop.network = Network::Swallows;
        shop.practice.scan(shop.now.0, &qr, Manner::Pays).unwrap();
        shop.wait(2_000);
        assert!(!shop.attempt(&no).is_final(), "the till has not heard of it");
        let paid = said(&shop, &no, PRICE);
        Stand { shop, door, kind, no, paid }
    }

    pub(crate) fn genuine(&self) -> Notice {
        (self.kind.write)(&self.paid)
    }

    pub(crate) fn hash(&self) -> Vec<u8> {
        business_hash(&self.shop)
    }

    pub(crate) fn tell(&mut self, channel: ChannelId, sent: &Notice) -> Result<(), NoticeRefusal> {
        let now = self.shop.till_now();
        self.shop.till().notice(channel, &sent.headers, &sent.body, now)
    }

    pub(crate) fn post(&self, at: &str, sent: &Notice) -> Reply {
        self.door.set_clock(self.shop.now);
        self.door.post(at, sent)
    }

    /// Neither door takes it, and nothing is written behind either.
    #[track_caller]
    pub(crate) fn refuses(&mut self, what: &str, sent: &Notice) {
        self.door_refuses(what, self.kind.at, sent);
        self.till_refuses(what, self.kind.channel, sent);
    }

    /// The relay refuses and keeps nothing.
    #[track_caller]
    pub(crate) fn door_refuses(&self, what: &str, at: &str, sent: &Notice) {
        let before = self.door.fingerprint();
        let Reply { status, body } = self.post(at, sent);
        // Nobody at the relay can check v2: it could wake a till, and none listens here.
        let is_hint = at == "wechat" && sent.body.trim_ascii_start().starts_with(b"<");
        let refused = (400..500).contains(&status) || (is_hint && status == 503);
        assert!(refused, "{}, {what}: the relay answered {status}", self.kind.name);
        assert!(!body.to_lowercase().contains("success"), "{what}: {body}");
        assert_eq!(self.door.fingerprint(), before, "{}, {what}: kept", self.kind.name);
    }

    /// The till believes none of it, as if a relay that lies had handed it on.
    #[track_caller]
    pub(crate) fn till_refuses(
        &mut self,
        what: &str,
        channel: ChannelId,
        sent: &Notice,
    ) -> NoticeRefusal {
        let before = self.hash();
        let told = self.tell(channel, sent);
        assert!(self.hash() == before, "{}, {what}: the books changed", self.kind.name);
        assert!(!self.shop.attempt(&self.no).is_final(), "{}, {what}", self.kind.name);
        let Err(refusal) = told else { panic!("{}, {what}: believed", self.kind.name) };
        refusal
    }

    /// The channel's own signature is right, so that the relay keeps it and hands it on as it came;
    /// only the till can see what is wrong with it.
    #[track_caller]
    pub(crate) fn till_alone_refuses(&mut self, what: &str, sent: &Notice) -> NoticeRefusal {
        let handed = self.handed_on(what, sent);
        self.till_refuses(what, self.kind.channel, &handed)
    }

    /// Returns what the relay hands on of a notice that it thanks for.
    #[track_caller]
    pub(crate) fn handed_on(&self, what: &str, sent: &Notice) -> Notice {
        let before = self.door.waiting().len();
        let Reply { status, body } = self.post(self.kind.at, sent);
        if self.kind.name == "v2" {
            // A hint is kept nowhere; a till at its stream would be given these bytes.
            assert_eq!((status, self.door.waiting().len()), (503, before), "{what}: {body}");
            return sent.clone();
        }
        let thanks = if self.kind.at == "alipay" { (200, "success") } else { (204, "") };
        assert_eq!((status, body.as_str()), thanks, "{}, {what}", self.kind.name);
        let kept = self.door.waiting();
        assert_eq!(kept.len(), before + 1, "{}, {what}: kept once", self.kind.name);
        let handed = kept.into_iter().next_back().unwrap();
        assert_eq!((handed.channel.as_str(), &handed.sent.body), (self.kind.at, &sent.body));
        handed.sent
    }

    /// After all that, the genuine notice is taken by both and the sale is paid once.
    #[track_caller]
    pub(crate) fn ends_paid(mut self) -> Stand {
        let handed = self.handed_on("the genuine one", &self.genuine());
        let before = self.hash();
        let told = self.tell(self.kind.channel, &handed);
        assert!(told.is_ok(), "{}: {told:?}", self.kind.name);
        assert!(self.hash() != before, "{}: the hash sees a payment", self.kind.name);
        assert_eq!(self.shop.screen(&self.no), Screen::Paid, "{}", self.kind.name);
        self.rests_paid();
        self
    }

    /// Nothing more moves: the channel holds the price once, and nobody has anything to decide.
    #[track_caller]
    pub(crate) fn rests_paid(&mut self) {
        self.shop.network = Network::Up;
        self.shop.settle();
        assert_eq!(self.shop.screen(&self.no), Screen::Paid, "{}", self.kind.name);
        assert_eq!(self.shop.held_by_channel(&self.no), PRICE);
        assert_eq!(self.shop.findings(), [], "{}", self.kind.name);
    }
}

/// A code of the kind's channel is shown and drawn.
pub(crate) fn shown(shop: &mut Shop, kind: Kind) -> (OutTradeNo, String) {
    let no = shop.collect(PRICE, Means::Show(kind.channel)).unwrap();
    shop.wait(500);
    let qr = shop.qr(&no).expect("a code is drawn");
    (no, qr)
}

/// What a channel could say of a number, true or not.
pub(crate) fn said(shop: &Shop, no: &OutTradeNo, fen: i64) -> Paid {
    let trade = shop.practice.truth().trade(no.as_str());
    let trade_no = trade.map_or("4200000000000000000000000001", |trade| &trade.trade_no);
    let no = no.as_str().to_owned();
    Paid { no, trade_no: trade_no.to_owned(), fen, at: shop.now }
}

/// Does the same at a fresh stand of each kind.
pub(crate) fn at_each(work: impl Fn(Stand)) {
    for kind in KINDS {
        work(Stand::open(kind));
    }
}

/// Gives so much back and lets the wish be kept.
pub(crate) fn give_back(shop: &mut Shop, no: &OutTradeNo, fen: i64) {
    let amount = Fen::new(fen).unwrap();
    let wish = RefundWish { no: no.clone(), amount, intent_id: format!("back {no} {fen}") };
    let now = shop.till_now();
    shop.till().refund(&wish, "店长 01", now).unwrap();
}

/// The machine sleeps, and wakes up so much later: the shop's channel went on without it.
pub(crate) fn asleep(shop: &mut Shop, ms: i64) {
    shop.now = shop.now.plus_ms(ms);
    shop.practice.advance(shop.now.0);
}
