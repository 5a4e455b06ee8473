-- What the formulas know of every case, ended or not: one row a case, with the instants by which a period asks for it.
create table if not exists facts (
    -- One row a case.
    case_id     text primary key,
    partition   int not null,
    -- Compared byte by byte, so that the index finds a scope, which is a beginning.
    grid        text collate "C" not null,
    opened_ms   bigint not null,
    deadline_ms bigint,
    -- The latest instant that any formula asks for; none is earlier than opened_ms.
    last_ms     bigint not null,
    facts       bytea not null
);
create index if not exists facts_grid on facts (grid);
create index if not exists facts_deadline on facts (deadline_ms);
create index if not exists facts_last on facts (last_ms);
