-- Times are seconds since 1970 in UTC, by the clock of the machine that wrote them; bodies are JSON.

-- Where each source goes on: the next offset of one of its items ("news/0" is partition 0 of the topic news).
CREATE TABLE positions (
    source TEXT NOT NULL,
    item   TEXT NOT NULL,
    next   INTEGER NOT NULL,
    PRIMARY KEY (source, item)
) WITHOUT ROWID;

-- What is known of each feed: validators, when to poll next, health. The feeds' own JSON.
CREATE TABLE feed_states (
    url   TEXT PRIMARY KEY,
    state TEXT NOT NULL
) WITHOUT ROWID;

-- What was read before, and how it read then.
CREATE TABLE seen (
    key    TEXT PRIMARY KEY,
    digest TEXT NOT NULL,
    at     REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX seen_at ON seen (at);

-- The last alert of each article, and the story now told under each key.
CREATE TABLE histories (
    key  TEXT PRIMARY KEY,
    body BLOB NOT NULL,
    at   REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX histories_at ON histories (at);
CREATE TABLE stories (
    key  TEXT PRIMARY KEY,
    body BLOB NOT NULL,
    at   REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX stories_at ON stories (at);

-- What is to be delivered, and to whom it still is. A row of the outbox goes when nobody waits for it. What a sink
-- refused for good is held under the id of the dead letter that says so.
CREATE TABLE outbox (
    seq   INTEGER PRIMARY KEY AUTOINCREMENT,
    kind  TEXT NOT NULL CHECK (kind IN ('alert', 'dead_letter')),
    id    TEXT NOT NULL,
    body  BLOB NOT NULL,
    at    REAL NOT NULL
);
CREATE TABLE pending (
    sink    TEXT NOT NULL,
    seq     INTEGER NOT NULL REFERENCES outbox (seq),
    refused TEXT,
    PRIMARY KEY (sink, seq)
) WITHOUT ROWID;
CREATE INDEX pending_seq ON pending (seq);
CREATE INDEX pending_refused ON pending (refused) WHERE refused IS NOT NULL;

-- What could not be read or delivered. state: open, retry (asked for), retried (read again since).
CREATE TABLE dead_letters (
    id       TEXT PRIMARY KEY,
    cause    TEXT NOT NULL,
    step     TEXT NOT NULL,
    origin   TEXT NOT NULL,
    body     BLOB NOT NULL,
    at       REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 1,
    state    TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'retry', 'retried'))
) WITHOUT ROWID;
CREATE INDEX dead_letters_at ON dead_letters (at);
CREATE INDEX dead_letters_state ON dead_letters (state, at);

-- What each source looked at and found, so that silence is told from breakage. counts: JSON, name -> number.
CREATE TABLE coverage (
    at      REAL NOT NULL,
    source  TEXT NOT NULL,
    item    TEXT NOT NULL,
    outcome TEXT NOT NULL,
    counts  TEXT NOT NULL,
    detail  TEXT NOT NULL
);
CREATE INDEX coverage_at ON coverage (at);
CREATE INDEX coverage_item ON coverage (source, item, at);
