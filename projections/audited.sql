-- When the board was last compared with the log by the auditor, and what came of it. No projection: nothing folds it.
create table if not exists audited (
    -- One row: the newest comparison.
    one       boolean primary key default true check (one),
    at_ms     bigint not null,
    seconds   double precision not null,
    every_s   double precision not null,
    cases     int not null,
    clocks    int not null,
    divergent int not null check (divergent >= 0)
);
