-- Everything a till keeps. Laws that a row can keep are in the row, each with a name.

CREATE TABLE meta (
    -- One row: whose database this is, what it has counted up to, and the head of the event log.

    id                INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    store             INTEGER NOT NULL CHECK (store BETWEEN 0 AND 99999),
    till              INTEGER NOT NULL CHECK (till BETWEEN 0 AND 999),
    epoch             INTEGER NOT NULL CHECK (epoch BETWEEN 0 AND 99999999),
    counter           INTEGER NOT NULL CHECK (counter BETWEEN 0 AND 9999999999),
    last_order_no     INTEGER NOT NULL CHECK (0 <= last_order_no),
    last_refund_id    INTEGER NOT NULL CHECK (0 <= last_refund_id),
    last_finding_id   INTEGER NOT NULL CHECK (0 <= last_finding_id),
    last_operation_id INTEGER NOT NULL CHECK (0 <= last_operation_id),
    machine           TEXT NOT NULL,     -- fingerprint of the machine that owns the file
    backup            INTEGER NOT NULL CHECK (backup IN (0, 1)),  -- 1 only in a copy made as a backup
    opened_at_ms      INTEGER NOT NULL,
    event_seq         INTEGER NOT NULL CHECK (0 <= event_seq),
    event_head        TEXT NOT NULL CHECK (length(event_head) = 64),
    row_hash          BLOB NOT NULL CHECK (length(row_hash) = 32)
) STRICT;

CREATE TABLE old_epoch (
    -- A series of numbers that is not drawn from any more.

    epoch          INTEGER NOT NULL PRIMARY KEY CHECK (epoch BETWEEN 0 AND 99999999),
    store          INTEGER NOT NULL CHECK (store BETWEEN 0 AND 99999),
    till           INTEGER NOT NULL CHECK (till BETWEEN 0 AND 999),
    why            TEXT NOT NULL CHECK (why IN ('restored', 'copied')),
    last_known     INTEGER NOT NULL CHECK (0 <= last_known),   -- last counter this database knows
    issued         INTEGER NOT NULL,     -- last counter known to have been drawn, here or elsewhere
    asked_to       INTEGER NOT NULL,     -- the channels were asked about every number up to here
    absent_in_row  INTEGER NOT NULL CHECK (0 <= absent_in_row),
    left_at_ms     INTEGER NOT NULL,
    finished_at_ms INTEGER,              -- NULL while the channels must still be asked
    row_hash       BLOB NOT NULL CHECK (length(row_hash) = 32),

    CHECK (last_known <= issued AND last_known <= asked_to)
) STRICT;

CREATE INDEX old_epoch_to_ask ON old_epoch (epoch) WHERE finished_at_ms IS NULL;

CREATE TABLE sale_order (
    -- What a customer owes for.

    order_no     INTEGER NOT NULL PRIMARY KEY,
    intent_id    TEXT NOT NULL UNIQUE,   -- one confirmed amount makes one order
    due_fen      INTEGER NOT NULL CONSTRAINT order_owes_something CHECK (0 < due_fen),
    cash_fen     INTEGER NOT NULL,       -- kept in cash; change and rounding are no part of it
    rounded_fen  INTEGER NOT NULL,       -- let go when cash was taken
    received_fen INTEGER NOT NULL,       -- handed over in cash
    cash_back_fen INTEGER NOT NULL,      -- gone back in cash
    cash_at_ms   INTEGER,                -- when cash was taken
    prints       INTEGER NOT NULL CHECK (prints BETWEEN 0 AND 4294967295),
    kept_at_ms   INTEGER NOT NULL,
    business_day INTEGER NOT NULL,       -- days since 1970-01-01 in Asia/Shanghai
    version      INTEGER NOT NULL CHECK (0 < version),
    row_hash     BLOB NOT NULL CHECK (length(row_hash) = 32),

    CONSTRAINT order_cash_is_at_most_due CHECK (
        0 <= cash_fen AND 0 <= rounded_fen AND cash_fen + rounded_fen <= due_fen),
    CONSTRAINT order_rounds_with_cash_only CHECK (rounded_fen = 0 OR 0 < cash_fen),
    CONSTRAINT order_receives_what_it_takes CHECK (cash_fen <= received_fen),
    CONSTRAINT order_cash_has_a_time CHECK ((cash_at_ms IS NOT NULL) = (0 < cash_fen)),
    CONSTRAINT order_cash_back_is_at_most_cash CHECK (cash_back_fen BETWEEN 0 AND cash_fen),
    CONSTRAINT order_day_is_shanghai CHECK (
        kept_at_ms BETWEEN business_day * 86400000 - 28800000
                       AND business_day * 86400000 + 57599999)
) STRICT;

CREATE INDEX sale_order_of_day ON sale_order (business_day, order_no);

CREATE TRIGGER order_is_kept BEFORE DELETE ON sale_order
BEGIN SELECT RAISE(ABORT, 'order_is_kept'); END;

CREATE TRIGGER order_intent_is_kept BEFORE UPDATE ON sale_order
WHEN NEW.order_no <> OLD.order_no OR NEW.intent_id <> OLD.intent_id OR NEW.due_fen <> OLD.due_fen
  OR NEW.kept_at_ms <> OLD.kept_at_ms OR NEW.cash_fen < OLD.cash_fen
  OR NEW.rounded_fen < OLD.rounded_fen OR NEW.received_fen < OLD.received_fen
  OR NEW.cash_back_fen < OLD.cash_back_fen OR NEW.prints < OLD.prints
  OR (OLD.cash_at_ms IS NOT NULL AND NEW.cash_at_ms IS NOT OLD.cash_at_ms)
BEGIN SELECT RAISE(ABORT, 'order_intent_is_kept'); END;

CREATE TABLE cash_refund (
    -- Cash that went back. What is left of an order's cash stands in its row.

    cash_refund_id INTEGER NOT NULL PRIMARY KEY,
    intent_id      TEXT NOT NULL UNIQUE, -- one confirmed request gives back once
    order_no       INTEGER NOT NULL REFERENCES sale_order (order_no),
    amount_fen     INTEGER NOT NULL CONSTRAINT cash_refund_gives_something CHECK (0 < amount_fen),
    approved_by    TEXT NOT NULL,
    kept_at_ms     INTEGER NOT NULL,
    version        INTEGER NOT NULL CHECK (version = 1),
    row_hash       BLOB NOT NULL CHECK (length(row_hash) = 32)
) STRICT;

CREATE INDEX cash_refund_of_order ON cash_refund (order_no, cash_refund_id);

CREATE TRIGGER cash_refund_is_kept BEFORE DELETE ON cash_refund
BEGIN SELECT RAISE(ABORT, 'cash_refund_is_kept'); END;

CREATE TRIGGER cash_refund_is_not_rewritten BEFORE UPDATE ON cash_refund
BEGIN SELECT RAISE(ABORT, 'cash_refund_is_not_rewritten'); END;

CREATE TABLE attempt (
    -- One try at collecting an order's money through one channel.

    out_trade_no TEXT NOT NULL PRIMARY KEY,  -- ours; the idempotency key
    order_no     INTEGER NOT NULL REFERENCES sale_order (order_no),
    channel      TEXT NOT NULL CHECK (channel IN ('alipay', 'wechat')),
    flow         TEXT NOT NULL CHECK (flow IN ('scan', 'show')),
    amount_fen   INTEGER NOT NULL,
    kept_at_ms   INTEGER NOT NULL,
    phase        TEXT NOT NULL CHECK (phase IN (
        'parked', 'submitting', 'waiting', 'asking', 'closing', 'reversing', 'unseen', 'refunding',
        'paid', 'declined', 'closed', 'returned', 'held')),
    why          TEXT CHECK (why IN ('limit', 'cancelled', 'code_lost', 'declined_alive', 'cash')),
    transaction_no TEXT,                 -- the channel's; may be empty while refunding
    paid_at_ms   INTEGER,
    payer_hash   TEXT,                   -- keyed hash; may be dropped from a paid attempt
    reason       TEXT,                   -- why the channel declined
    closed_how   TEXT CHECK (closed_how IN ('never_sent', 'never_existed', 'by_channel')),
    hold_reason  TEXT CHECK (hold_reason IN ('amount_differs', 'already_paid', 'paid_too_early')),
    channel_fen  INTEGER,                -- what the channel took, where it differs
    poll_at_ms   INTEGER,                -- NULL exactly when the attempt has ended
    sent_at_ms   INTEGER,                -- the sent mark
    submit_open  INTEGER NOT NULL CHECK (submit_open IN (0, 1)),
    seen         INTEGER NOT NULL CHECK (seen IN (0, 1)),
    code         TEXT,                   -- what to draw
    scanned      INTEGER NOT NULL CHECK (scanned IN (0, 1)),
    limit_at_ms  INTEGER NOT NULL,
    waited_longer INTEGER NOT NULL CHECK (waited_longer IN (0, 1)),
    expires_at_ms INTEGER,
    reversal_left_at_ms INTEGER,
    reversal_over INTEGER NOT NULL CHECK (reversal_over IN (0, 1)),
    asked_at_ms  INTEGER,
    silences     INTEGER NOT NULL CHECK (silences BETWEEN 0 AND 4294967295),
    absent_at_ms INTEGER,
    unwanted     INTEGER NOT NULL CHECK (unwanted IN (0, 1)),
    goods_gone_by TEXT,
    declined_alive TEXT,                 -- the reason, while the number could still be charged
    wedged       TEXT,
    late_money   INTEGER NOT NULL CHECK (late_money IN (0, 1)),
    version      INTEGER NOT NULL CHECK (0 < version),
    row_hash     BLOB NOT NULL CHECK (length(row_hash) = 32),

    CONSTRAINT attempt_number_is_ours CHECK (
        length(out_trade_no) = 28 AND out_trade_no GLOB '90*' AND out_trade_no NOT GLOB '*[^0-9]*'),
    CONSTRAINT attempt_amount_is_a_charge CHECK (amount_fen BETWEEN 1 AND 5000000),
    CONSTRAINT attempt_polls_until_its_end CHECK (
        (poll_at_ms IS NULL) = (phase IN ('paid', 'declined', 'closed', 'returned', 'held'))),
    CONSTRAINT attempt_asks_for_a_reason CHECK ((why IS NOT NULL) = (phase = 'asking')),
    CONSTRAINT attempt_paid_has_a_transaction CHECK (
        (transaction_no IS NOT NULL) = (phase IN ('paid', 'refunding'))
        AND (phase <> 'paid' OR transaction_no <> '')),
    CONSTRAINT attempt_paid_has_a_time CHECK ((paid_at_ms IS NOT NULL) = (phase = 'paid')),
    CONSTRAINT attempt_payer_is_of_paid CHECK (payer_hash IS NULL OR phase = 'paid'),
    CONSTRAINT attempt_paid_without_reversal CHECK (
        phase <> 'paid' OR reversal_left_at_ms IS NULL),
    CONSTRAINT attempt_declined_has_a_reason CHECK ((reason IS NOT NULL) = (phase = 'declined')),
    CONSTRAINT attempt_closed_says_how CHECK ((closed_how IS NOT NULL) = (phase = 'closed')),
    CONSTRAINT attempt_held_says_why CHECK ((hold_reason IS NOT NULL) = (phase = 'held')),
    CONSTRAINT attempt_held_names_the_amount CHECK (
        (channel_fen IS NOT NULL) = (hold_reason IS 'amount_differs')),
    CONSTRAINT attempt_parked_or_never_sent_has_no_mark CHECK (
        sent_at_ms IS NULL OR (phase <> 'parked' AND closed_how IS NOT 'never_sent')),
    -- The channel's word beats ours: a parked attempt that it knows ends by what it says.
    CONSTRAINT attempt_at_work_has_a_mark CHECK (
        sent_at_ms IS NOT NULL OR phase NOT IN (
            'submitting', 'waiting', 'asking', 'closing', 'reversing', 'unseen')),
    CONSTRAINT attempt_submit_is_open_once_sent CHECK (submit_open = 0 OR sent_at_ms IS NOT NULL),
    CONSTRAINT attempt_reversal_left_once_sent CHECK (
        reversal_left_at_ms IS NULL OR sent_at_ms IS NOT NULL),
    CONSTRAINT attempt_reversing_has_left CHECK (
        phase <> 'reversing' OR reversal_left_at_ms IS NOT NULL),
    CONSTRAINT attempt_shown_code_expires CHECK ((expires_at_ms IS NOT NULL) = (flow = 'show')),
    CONSTRAINT attempt_only_a_scan_is_waited_for_longer CHECK (flow = 'scan' OR waited_longer = 0),
    CONSTRAINT attempt_only_a_shown_code_is_scanned CHECK (flow = 'show' OR scanned = 0),
    CONSTRAINT attempt_late_money_follows_an_unpaid_end CHECK (
        late_money = 0 OR phase IN ('closed', 'declined'))
) STRICT, WITHOUT ROWID;

-- One live attempt per order: while a channel could still take money, no other number is sent.
CREATE UNIQUE INDEX attempt_live ON attempt (order_no) WHERE phase IN (
    'parked', 'submitting', 'waiting', 'asking', 'closing', 'reversing', 'unseen');

-- A fresh attempt enters no index but the one above; it enters these as it goes on.
CREATE INDEX attempt_refunding ON attempt (order_no) WHERE phase = 'refunding';
CREATE INDEX attempt_of_order ON attempt (order_no, out_trade_no) WHERE phase IN (
    'refunding', 'paid', 'declined', 'closed', 'returned', 'held');
CREATE INDEX attempt_ended ON attempt (kept_at_ms, out_trade_no) WHERE poll_at_ms IS NULL;
CREATE INDEX attempt_paid ON attempt (paid_at_ms, out_trade_no) WHERE paid_at_ms IS NOT NULL;

-- Attempts that have not ended: those with a time to wake at.
CREATE VIEW attempt_open AS
    SELECT * FROM attempt WHERE phase IN (
        'parked', 'submitting', 'waiting', 'asking', 'closing', 'reversing', 'unseen')
    UNION ALL
    SELECT * FROM attempt WHERE phase = 'refunding';

CREATE TRIGGER attempt_is_kept BEFORE DELETE ON attempt
BEGIN SELECT RAISE(ABORT, 'attempt_is_kept'); END;

CREATE TRIGGER attempt_intent_is_kept BEFORE UPDATE ON attempt
WHEN NEW.out_trade_no <> OLD.out_trade_no OR NEW.order_no <> OLD.order_no
  OR NEW.channel <> OLD.channel OR NEW.flow <> OLD.flow OR NEW.amount_fen <> OLD.amount_fen
  OR NEW.kept_at_ms <> OLD.kept_at_ms OR NEW.expires_at_ms IS NOT OLD.expires_at_ms
BEGIN SELECT RAISE(ABORT, 'attempt_intent_is_kept'); END;

-- An end never regresses. Money that came late may be noted, and a payer's hash may be dropped.
CREATE TRIGGER attempt_end_is_final BEFORE UPDATE ON attempt
WHEN OLD.phase IN ('paid', 'declined', 'closed', 'returned', 'held') AND (
     NEW.phase <> OLD.phase
  OR NEW.transaction_no IS NOT OLD.transaction_no OR NEW.paid_at_ms IS NOT OLD.paid_at_ms
  OR (NEW.payer_hash IS NOT NULL AND NEW.payer_hash IS NOT OLD.payer_hash)
  OR NEW.reason IS NOT OLD.reason OR NEW.closed_how IS NOT OLD.closed_how
  OR NEW.hold_reason IS NOT OLD.hold_reason OR NEW.channel_fen IS NOT OLD.channel_fen
  OR NEW.sent_at_ms IS NOT OLD.sent_at_ms OR NEW.submit_open <> OLD.submit_open
  OR NEW.seen <> OLD.seen OR NEW.code IS NOT OLD.code OR NEW.scanned <> OLD.scanned
  OR NEW.limit_at_ms <> OLD.limit_at_ms OR NEW.waited_longer <> OLD.waited_longer
  OR NEW.reversal_left_at_ms IS NOT OLD.reversal_left_at_ms
  OR NEW.reversal_over <> OLD.reversal_over OR NEW.asked_at_ms IS NOT OLD.asked_at_ms
  OR NEW.silences <> OLD.silences OR NEW.absent_at_ms IS NOT OLD.absent_at_ms
  OR NEW.unwanted <> OLD.unwanted OR NEW.goods_gone_by IS NOT OLD.goods_gone_by
  OR NEW.declined_alive IS NOT OLD.declined_alive OR NEW.wedged IS NOT OLD.wedged
  OR NEW.late_money < OLD.late_money)
BEGIN SELECT RAISE(ABORT, 'attempt_end_is_final'); END;

-- Only a submit that never reached the channel clears the mark.
CREATE TRIGGER attempt_mark_is_kept BEFORE UPDATE ON attempt
WHEN OLD.sent_at_ms IS NOT NULL AND NEW.sent_at_ms IS NULL
 AND (OLD.seen = 1 OR OLD.submit_open = 0 OR OLD.reversal_left_at_ms IS NOT NULL)
BEGIN SELECT RAISE(ABORT, 'attempt_mark_is_kept'); END;

CREATE TRIGGER attempt_reversal_stays_left BEFORE UPDATE ON attempt
WHEN OLD.reversal_left_at_ms IS NOT NULL
 AND NEW.reversal_left_at_ms IS NOT OLD.reversal_left_at_ms
BEGIN SELECT RAISE(ABORT, 'attempt_reversal_stays_left'); END;

CREATE TABLE refund (
    -- One intent to give money back.

    refund_id    INTEGER NOT NULL PRIMARY KEY,
    out_trade_no TEXT NOT NULL REFERENCES attempt (out_trade_no),
    order_no     INTEGER NOT NULL REFERENCES sale_order (order_no),
    amount_fen   INTEGER NOT NULL CONSTRAINT refund_gives_something CHECK (0 < amount_fen),
    why          TEXT NOT NULL CHECK (
        why IN ('person', 'unwanted', 'too_late', 'no_balance', 'late_money')),
    asked_by     TEXT,                   -- who, where a person asked
    intent_id    TEXT,                   -- what that person's confirmed wish is called
    kept_at_ms   INTEGER NOT NULL,
    phase        TEXT NOT NULL CHECK (
        phase IN ('counting', 'sending', 'asking', 'wedged', 'done', 'refused', 'held')),
    reason       TEXT,                   -- why it is wedged or refused
    done_at_ms   INTEGER,
    nth          INTEGER NOT NULL CHECK (nth BETWEEN 1 AND 51),
    minted       INTEGER NOT NULL CHECK (minted IN (0, 1)),
    next_at_ms   INTEGER,                -- NULL when ended or waiting for a person
    sent_at_ms   INTEGER,
    silences     INTEGER NOT NULL CHECK (silences BETWEEN 0 AND 4294967295),
    version      INTEGER NOT NULL CHECK (0 < version),
    row_hash     BLOB NOT NULL CHECK (length(row_hash) = 32),

    CONSTRAINT refund_person_is_named CHECK ((asked_by IS NOT NULL) = (why = 'person')),
    CONSTRAINT refund_person_has_an_intent CHECK ((intent_id IS NOT NULL) = (why = 'person')),
    CONSTRAINT refund_wakes_until_its_end CHECK (
        (next_at_ms IS NULL) = (phase IN ('wedged', 'done', 'refused', 'held'))),
    CONSTRAINT refund_says_why CHECK ((reason IS NOT NULL) = (phase IN ('wedged', 'refused'))),
    CONSTRAINT refund_done_has_a_time CHECK ((done_at_ms IS NOT NULL) = (phase = 'done')),
    CONSTRAINT refund_number_before_sending CHECK (
        minted = 1 OR (sent_at_ms IS NULL AND phase IN ('counting', 'refused'))),
    CONSTRAINT refund_counting_has_no_number CHECK (phase <> 'counting' OR minted = 0)
) STRICT;

-- One confirmed wish makes one refund of a sale.
CREATE UNIQUE INDEX refund_intent ON refund (out_trade_no, intent_id)
WHERE intent_id IS NOT NULL;

CREATE INDEX refund_of_attempt ON refund (out_trade_no, refund_id);
CREATE INDEX refund_due ON refund (next_at_ms, refund_id) WHERE next_at_ms IS NOT NULL;
CREATE INDEX refund_open ON refund (refund_id) WHERE phase IN (
    'counting', 'sending', 'asking', 'wedged');

-- A number stands for one intent; one that the channel refused may be counted again.
CREATE UNIQUE INDEX refund_number ON refund (out_trade_no, nth)
WHERE minted = 1 AND phase <> 'refused';

CREATE TRIGGER refund_is_kept BEFORE DELETE ON refund
BEGIN SELECT RAISE(ABORT, 'refund_is_kept'); END;

CREATE TRIGGER refund_intent_is_kept BEFORE UPDATE ON refund
WHEN NEW.refund_id <> OLD.refund_id OR NEW.out_trade_no <> OLD.out_trade_no
  OR NEW.order_no <> OLD.order_no OR NEW.amount_fen <> OLD.amount_fen OR NEW.why <> OLD.why
  OR NEW.asked_by IS NOT OLD.asked_by OR NEW.intent_id IS NOT OLD.intent_id
  OR NEW.kept_at_ms <> OLD.kept_at_ms
  OR NEW.minted < OLD.minted OR (OLD.minted = 1 AND NEW.nth <> OLD.nth)
BEGIN SELECT RAISE(ABORT, 'refund_intent_is_kept'); END;

CREATE TRIGGER refund_end_is_final BEFORE UPDATE ON refund
WHEN OLD.phase IN ('done', 'refused', 'held') AND (
     NEW.phase <> OLD.phase OR NEW.reason IS NOT OLD.reason
  OR NEW.done_at_ms IS NOT OLD.done_at_ms OR NEW.nth <> OLD.nth OR NEW.minted <> OLD.minted
  OR NEW.sent_at_ms IS NOT OLD.sent_at_ms OR NEW.silences <> OLD.silences)
BEGIN SELECT RAISE(ABORT, 'refund_end_is_final'); END;

-- No more goes back than was taken: refunds that the channel refused do not count.
CREATE TRIGGER refund_ceiling BEFORE INSERT ON refund
WHEN (SELECT COALESCE(SUM(amount_fen), 0) FROM refund
      WHERE out_trade_no = NEW.out_trade_no AND phase <> 'refused') + NEW.amount_fen
   > (SELECT CASE
                 WHEN phase IN ('paid', 'refunding') THEN amount_fen
                 WHEN phase = 'held' THEN COALESCE(channel_fen, amount_fen)
                 WHEN late_money = 1 THEN amount_fen
                 ELSE 0
             END
      FROM attempt WHERE out_trade_no = NEW.out_trade_no)
BEGIN SELECT RAISE(ABORT, 'refund_ceiling'); END;

CREATE TABLE finding (
    -- One disagreement or odd end, for the manager.

    finding_id    INTEGER NOT NULL PRIMARY KEY,
    at_ms         INTEGER NOT NULL,
    kind          TEXT NOT NULL CHECK (kind IN (
        'late_money', 'contradicted', 'goods_gone_unpaid', 'returned_by_others', 'held',
        'recovered')),
    order_no      INTEGER NOT NULL REFERENCES sale_order (order_no),
    out_trade_no  TEXT NOT NULL REFERENCES attempt (out_trade_no),
    said          TEXT NOT NULL,         -- what the channel said, or who said so; may be empty
    settled_at_ms INTEGER,               -- NULL while open
    settled_by    TEXT,
    version       INTEGER NOT NULL CHECK (0 < version),
    row_hash      BLOB NOT NULL CHECK (length(row_hash) = 32),

    CONSTRAINT finding_settled_by_someone CHECK (
        (settled_at_ms IS NULL) = (settled_by IS NULL))
) STRICT;

CREATE INDEX finding_open ON finding (finding_id) WHERE settled_at_ms IS NULL;

CREATE TRIGGER finding_is_kept BEFORE DELETE ON finding
BEGIN SELECT RAISE(ABORT, 'finding_is_kept'); END;

CREATE TRIGGER finding_says_what_it_said BEFORE UPDATE ON finding
WHEN NEW.finding_id <> OLD.finding_id OR NEW.at_ms <> OLD.at_ms OR NEW.kind <> OLD.kind
  OR NEW.order_no <> OLD.order_no OR NEW.out_trade_no <> OLD.out_trade_no OR NEW.said <> OLD.said
  OR OLD.settled_at_ms IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'finding_says_what_it_said'); END;

CREATE TABLE operation (
    -- Work that outlives what asked for it. A row goes when it is acknowledged, never before, so
    -- the table stays as small as what is unknown, and an index would cost each sale a page.

    key          TEXT NOT NULL PRIMARY KEY,  -- the same work put twice is one
    operation_id INTEGER NOT NULL,       -- the order in which they were put
    kind         TEXT NOT NULL CHECK (kind IN (
        'submit', 'query', 'reverse', 'close', 'refund', 'refund_query', 'statement_download',
        'late_ask')),
    lane         TEXT NOT NULL CHECK (lane IN ('certainty', 'charge', 'background')),
    order_no     INTEGER,
    out_trade_no TEXT,
    refund_id    INTEGER,
    kept_at_ms   INTEGER NOT NULL,
    next_at_ms   INTEGER NOT NULL,
    tries        INTEGER NOT NULL CHECK (tries BETWEEN 0 AND 4294967295),
    wedged       TEXT,                   -- why it waits for a person
    row_hash     BLOB NOT NULL CHECK (length(row_hash) = 32)
) STRICT, WITHOUT ROWID;

CREATE TABLE event (
    -- What happened, in the order in which it happened. Each row's hash covers the one before.

    seq          INTEGER NOT NULL PRIMARY KEY CHECK (0 < seq),
    at_ms        INTEGER NOT NULL,
    kind         TEXT NOT NULL,
    subject      TEXT NOT NULL,          -- table and key of the row that changed
    order_no     INTEGER,
    out_trade_no TEXT,
    detail       TEXT NOT NULL,
    row          TEXT,                   -- the whole row after the change, in canonical text
    prev_hash    BLOB NOT NULL CHECK (length(prev_hash) = 32),
    hash         BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE INDEX event_of_order ON event (order_no, seq);

CREATE TRIGGER event_is_not_rewritten BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'event_is_not_rewritten'); END;

CREATE TRIGGER event_is_kept BEFORE DELETE ON event
BEGIN SELECT RAISE(ABORT, 'event_is_kept'); END;
