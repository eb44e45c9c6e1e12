-- What a look at a mail's own signatures found (JSON, '' until then), and the wait when DNS gave no answer.
ALTER TABLE inbox ADD COLUMN proof TEXT NOT NULL DEFAULT '';
ALTER TABLE inbox ADD COLUMN read_after INTEGER NOT NULL DEFAULT 0;
ALTER TABLE inbox ADD COLUMN looks INTEGER NOT NULL DEFAULT 0;
