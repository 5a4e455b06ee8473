-- The open cases as the wall and the board show them.
create table if not exists board (
    -- One row an open case; it leaves when the case ends.
    case_id     text primary key,
    partition   int not null,
    number      text not null,
    case_class  text,
    grid        text not null,
    town        text not null,
    lon         double precision,
    lat         double precision,
    status      text not null,
    due         smallint not null check (due between 0 and 2),
    deadline_ms bigint,
    near_ms     bigint,
    stage       smallint not null check (stage between 0 and 1),
    unit        text,
    opened_ms   bigint not null
);
-- Added with routing: rows that were folded before it have no proposal, so none of them is unclear.
alter table board add column if not exists unclear smallint not null default 0 check (unclear between 0 and 1);
create index if not exists board_town on board (town, due desc, deadline_ms);
-- What was done, by township and by local day; a partition adds up only what it folded itself.
create table if not exists board_count (
    partition int not null,
    town      text not null,
    day       text not null,
    accepted  int not null,
    closed    int not null,
    should    int not null,
    handled   int not null,
    -- One sum a partition, township and day.
    primary key (partition, town, day)
);
