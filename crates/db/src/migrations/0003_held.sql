-- What a person must decide, of whatever day. Nothing enters these before it is held.
CREATE INDEX attempt_held ON attempt (kept_at_ms, out_trade_no) WHERE phase = 'held';
CREATE INDEX refund_held ON refund (refund_id) WHERE phase = 'held';
