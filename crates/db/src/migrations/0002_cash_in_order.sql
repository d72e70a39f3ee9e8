-- The latest sales in cash, by when the cash was taken. A sale through a channel does not enter it.
CREATE INDEX sale_order_in_cash ON sale_order (cash_at_ms, order_no) WHERE cash_at_ms IS NOT NULL;
