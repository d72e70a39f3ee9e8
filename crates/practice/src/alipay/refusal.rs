//! Why a business rule says no: `sub_code` and `sub_msg` (opendocs 02ekfp and its neighbours).

/// A business failure, code 40004.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    SystemError,
    InvalidParameter,
    TotalFeeExceed,
    PaymentAuthCodeInvalid,
    /// The same `sub_code`, for a code that only a real customer's phone can show.
    RealPaymentCode,
    UnsupportedScene,
    InvalidReceiveAccount,
    ContextInconsistent,
    TradeHasSuccess,
    TradeHasClose,
    TradeHasFinished,
    BuyerBalanceNotEnough,
    AfterExpireTime,
    CodeAskedTwice,
    TradeNotExist,
    TradeStatusError,
    CancelTimeOut,
    SellerBalanceNotEnough,
    AlreadyRefunded,
    RefundExceedsTotal,
    DiscordantRepeat,
}

impl Refusal {
    pub(crate) fn sub_code(self) -> &'static str {
        match self {
            Refusal::SystemError => "ACQ.SYSTEM_ERROR",
            Refusal::InvalidParameter => "ACQ.INVALID_PARAMETER",
            Refusal::TotalFeeExceed => "ACQ.TOTAL_FEE_EXCEED",
            Refusal::PaymentAuthCodeInvalid | Refusal::RealPaymentCode => {
                "ACQ.PAYMENT_AUTH_CODE_INVALID"
            }
            Refusal::UnsupportedScene => "ACQ.UN_SUPPORT_TRADE_SCENE",
            Refusal::InvalidReceiveAccount => "ACQ.INVALID_RECEIVE_ACCOUNT",
            Refusal::ContextInconsistent => "ACQ.CONTEXT_INCONSISTENT",
            Refusal::TradeHasSuccess => "ACQ.TRADE_HAS_SUCCESS",
            Refusal::TradeHasClose => "ACQ.TRADE_HAS_CLOSE",
            Refusal::TradeHasFinished => "ACQ.TRADE_HAS_FINISHED",
            Refusal::BuyerBalanceNotEnough => "ACQ.BUYER_BALANCE_NOT_ENOUGH",
            Refusal::AfterExpireTime => "ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR",
            Refusal::CodeAskedTwice => "ACQ.APPLY_PC_MERCHANT_CODE_ERROR",
            Refusal::TradeNotExist => "ACQ.TRADE_NOT_EXIST",
            Refusal::TradeStatusError => "ACQ.TRADE_STATUS_ERROR",
            Refusal::CancelTimeOut => "ACQ.TRADE_CANCEL_TIME_OUT",
            Refusal::SellerBalanceNotEnough => "ACQ.SELLER_BALANCE_NOT_ENOUGH",
            Refusal::AlreadyRefunded => "ACQ.REASON_TRADE_REFUND_FEE_ERR",
            Refusal::RefundExceedsTotal => "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL",
            Refusal::DiscordantRepeat => "ACQ.DISCORDANT_REPEAT_REQUEST",
        }
    }

    pub(crate) fn sub_msg(self) -> &'static str {
        match self {
            Refusal::SystemError => "系统错误",
            Refusal::InvalidParameter => "参数无效",
            Refusal::TotalFeeExceed => "订单总金额不在允许范围内",
            Refusal::PaymentAuthCodeInvalid => {
                "支付失败，获取顾客账户信息失败，请顾客刷新付款码后重新收款，\
                 如再次收款失败，请联系管理员处理。[SOUNDWAVE_PARSER_FAIL]"
            }
            Refusal::RealPaymentCode => "这是真付款码，练习模式收不到钱",
            Refusal::UnsupportedScene => "不支持当前交易场景",
            Refusal::InvalidReceiveAccount => "交易收款账户不匹配",
            Refusal::ContextInconsistent => "交易信息被篡改",
            Refusal::TradeHasSuccess => "交易已被支付",
            Refusal::TradeHasClose => "交易已经关闭",
            Refusal::TradeHasFinished => "交易已完结",
            Refusal::BuyerBalanceNotEnough => "买家余额不足",
            Refusal::AfterExpireTime => "当前时间已超过允许支付的时间",
            Refusal::CodeAskedTwice => "申请二维码失败，同一订单号不能重复申请",
            Refusal::TradeNotExist => "交易不存在",
            Refusal::TradeStatusError => "交易状态不合法",
            Refusal::CancelTimeOut => "超过撤销时间范围",
            Refusal::SellerBalanceNotEnough => "商户的可用余额不足",
            Refusal::AlreadyRefunded => "退款金额无效",
            Refusal::RefundExceedsTotal => "退款金额超限",
            Refusal::DiscordantRepeat => "请求信息不一致",
        }
    }
}
