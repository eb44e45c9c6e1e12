-- Instants are milliseconds since 1970-01-01T00:00Z. Empty text and 0 stand for "none" where said so.

CREATE TABLE policies (
    digest TEXT PRIMARY KEY,
    json   TEXT NOT NULL
) STRICT;

CREATE TABLE cases (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    reference      TEXT    NOT NULL UNIQUE,
    account        TEXT    NOT NULL,
    carrier        TEXT    NOT NULL,
    state          TEXT    NOT NULL,
    is_open        INTEGER NOT NULL,
    next_action_at INTEGER NOT NULL,  -- 0: none
    json           TEXT    NOT NULL,
    read_digest    TEXT    NOT NULL DEFAULT '',  -- digest of the text a person was last shown
    opened_at      INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX cases_by_state ON cases (state);
CREATE INDEX cases_open_by_account ON cases (account, is_open);

-- What recognises a case: message_id, domain (carrier or asked), line identifiers.
CREATE TABLE case_keys (
    case_id INTEGER NOT NULL REFERENCES cases (id),
    kind    TEXT    NOT NULL,
    value   TEXT    NOT NULL,
    PRIMARY KEY (kind, value, case_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX case_keys_by_case ON case_keys (case_id);

CREATE TABLE journal (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    case_id       INTEGER NOT NULL REFERENCES cases (id),
    at            INTEGER NOT NULL,
    event         TEXT    NOT NULL,  -- JSON; the first line of a case is its opening
    policy_digest TEXT    NOT NULL,  -- '' for the opening
    state         TEXT    NOT NULL,
    question      TEXT    NOT NULL   -- '' unless needs_you
) STRICT;
CREATE INDEX journal_by_case ON journal (case_id, id);

CREATE TABLE timers (
    case_id INTEGER NOT NULL REFERENCES cases (id),
    timer   TEXT    NOT NULL,
    due_at  INTEGER NOT NULL,
    PRIMARY KEY (case_id, timer)
) STRICT, WITHOUT ROWID;
CREATE INDEX timers_due ON timers (due_at);

-- Mails owed: final bytes, Date and Message-ID included.
CREATE TABLE outbox (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    case_id     INTEGER NOT NULL,  -- 0: a mail about an account
    account     TEXT    NOT NULL,
    kind        TEXT    NOT NULL CHECK (kind IN ('carrier', 'nudge')),
    cause       TEXT    NOT NULL,  -- unique per case: nothing is sent or told twice for one cause
    message_id  TEXT    NOT NULL UNIQUE,
    sender      TEXT    NOT NULL,
    recipient   TEXT    NOT NULL,
    raw         BLOB    NOT NULL,
    status      TEXT    NOT NULL CHECK (status IN ('queued', 'claimed', 'sent', 'cancelled', 'unknown')),
    not_before  INTEGER NOT NULL,
    attempts    INTEGER NOT NULL DEFAULT 0,
    last_error  TEXT    NOT NULL DEFAULT '',
    copy_state  TEXT    NOT NULL CHECK (copy_state IN ('none', 'owed', 'filed')),
    created_at  INTEGER NOT NULL,
    settled_at  INTEGER NOT NULL DEFAULT 0,
    UNIQUE (account, case_id, kind, cause)
) STRICT;
CREATE INDEX outbox_due ON outbox (status, account, not_before);
CREATE INDEX outbox_copies ON outbox (copy_state) WHERE copy_state = 'owed';

-- Mail seen. raw is empty for a second sighting of the same bytes (duplicate_of).
CREATE TABLE inbox (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    account      TEXT    NOT NULL,
    folder       TEXT    NOT NULL,
    role         TEXT    NOT NULL CHECK (role IN ('inbox', 'junk', 'sent')),
    uid_validity INTEGER NOT NULL,
    uid          INTEGER NOT NULL,
    digest       TEXT    NOT NULL,
    raw          BLOB    NOT NULL,
    truncated    INTEGER NOT NULL,
    received_at  INTEGER NOT NULL,
    stored_at    INTEGER NOT NULL,
    duplicate_of INTEGER NOT NULL DEFAULT 0,
    status       TEXT    NOT NULL CHECK (status IN ('new', 'applied', 'unmatched', 'ignored', 'duplicate', 'set_aside')),
    case_id      INTEGER NOT NULL DEFAULT 0,
    reading      TEXT    NOT NULL DEFAULT '',
    attempts     INTEGER NOT NULL DEFAULT 0,
    UNIQUE (account, folder, uid_validity, uid)
) STRICT;
CREATE INDEX inbox_by_digest ON inbox (account, digest);
CREATE INDEX inbox_new ON inbox (status) WHERE status = 'new';
CREATE INDEX inbox_by_case ON inbox (case_id);

-- How far each folder was read, and when.
CREATE TABLE folders (
    account      TEXT    NOT NULL,
    folder       TEXT    NOT NULL,
    uid_validity INTEGER NOT NULL,
    next_uid     INTEGER NOT NULL,
    read_at      INTEGER NOT NULL,
    PRIMARY KEY (account, folder)
) STRICT, WITHOUT ROWID;

-- One line per account: how the watcher fares, and since when it is blind.
CREATE TABLE watch (
    account     TEXT    PRIMARY KEY,
    read_at     INTEGER NOT NULL,  -- inbox last read to its end; 0: never
    mode        TEXT    NOT NULL,
    last_error  TEXT    NOT NULL,
    blind_told  INTEGER NOT NULL,  -- instant of the blindness that was told; 0: none
    since       INTEGER NOT NULL   -- first try, so that an account that never worked is told too
) STRICT;

CREATE TABLE documents (
    digest TEXT PRIMARY KEY,
    bytes  BLOB NOT NULL
) STRICT;

-- Scheduled work of the daemon itself (digests), by name.
CREATE TABLE runs (
    name    TEXT PRIMARY KEY,
    last_at INTEGER NOT NULL
) STRICT;
