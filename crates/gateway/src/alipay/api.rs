//! Alipay's methods: their names, the node that answers, how long an answer may take.

/// A method of Alipay's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Api {
    /// Scan.
    Pay,
    /// Show.
    Precreate,
    /// What became of an attempt.
    Query,
    /// Undo an attempt.
    Cancel,
    /// End an unpaid attempt.
    Close,
    /// Give money back.
    Refund,
    /// What became of a refund.
    RefundQuery,
}

/// Whether a request tells Alipay where to send its notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notices {
    /// Yes: there is no default in Alipay's console (opendocs 02qibh).
    Wanted,
    /// No.
    NotWanted,
}

impl Api {
    #[cfg(test)]
    pub(crate) const ALL: [Api; 7] = [
        Api::Pay,
        Api::Precreate,
        Api::Query,
        Api::Cancel,
        Api::Close,
        Api::Refund,
        Api::RefundQuery,
    ];

    /// Returns the method's name.
    pub(crate) fn method(self) -> &'static str {
        match self {
            Api::Pay => "alipay.trade.pay",
            Api::Precreate => "alipay.trade.precreate",
            Api::Query => "alipay.trade.query",
            Api::Cancel => "alipay.trade.cancel",
            Api::Close => "alipay.trade.close",
            Api::Refund => "alipay.trade.refund",
            Api::RefundQuery => "alipay.trade.fastpay.refund.query",
        }
    }

    /// Returns the name of the node that answers (opendocs 02mse7).
    pub(crate) fn node(self) -> &'static str {
        match self {
            Api::Pay => "alipay_trade_pay_response",
            Api::Precreate => "alipay_trade_precreate_response",
            Api::Query => "alipay_trade_query_response",
            Api::Cancel => "alipay_trade_cancel_response",
            Api::Close => "alipay_trade_close_response",
            Api::Refund => "alipay_trade_refund_response",
            Api::RefundQuery => "alipay_trade_fastpay_refund_query_response",
        }
    }

    /// Returns how long an answer may take: 15 s for a scan, during which the customer may be
    /// asked, 5 s otherwise.
    pub(crate) fn limit_ms(self) -> u32 {
        match self {
            Api::Pay => 15_000,
            Api::Precreate
            | Api::Query
            | Api::Cancel
            | Api::Close
            | Api::Refund
            | Api::RefundQuery => 5_000,
        }
    }

    pub(crate) fn notices(self) -> Notices {
        match self {
            Api::Pay | Api::Precreate => Notices::Wanted,
            Api::Query | Api::Cancel | Api::Close | Api::Refund | Api::RefundQuery => {
                Notices::NotWanted
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_named_after_its_method() {
        for api in Api::ALL {
            assert_eq!(api.node(), format!("{}_response", api.method().replace('.', "_")));
        }
    }
}
