-- Every deadline that passed, one row each: whose it was, and when its clock stopped.
create table if not exists breaches (
    case_id     text not null,
    -- The case's version after the event that says it: one row each, however often it is folded.
    version     int not null,
    partition   int not null,
    number      text not null,
    case_class  text,
    round       int not null,
    -- The level of the case's desk and the case's state, as they were at the deadline.
    desk        int not null,
    status      text not null,
    clock       text not null,
    unit        text,
    holder      text not null,
    deadline_ms bigint not null,
    -- None while the clock runs.
    ended_ms    bigint,
    -- An upheld appeal takes it out of the rates; that it was late stays.
    exempt      boolean not null,
    primary key (case_id, version)
);
create index if not exists breaches_at on breaches (deadline_ms);
