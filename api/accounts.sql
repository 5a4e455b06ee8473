-- Who may come in. Passwords and tokens stand here as hashes only; none of this ever enters the log.
create table if not exists account (
    username text primary key,
    password text not null,
    disabled boolean not null default false
);
create table if not exists post (
    username text not null references account on delete cascade,
    role     text not null,
    scope    text not null,
    level    int not null check (level between 0 and 3),
    unit     text,
    -- One post of a role and unit a person.
    unique nulls not distinct (username, role, scope, unit)
);
create table if not exists token (
    -- SHA-256 of the token: whoever reads this table can still not log in.
    hash       bytea primary key,
    username   text not null references account on delete cascade,
    expires_ms bigint not null
);
create table if not exists subject_key (
    -- The key of one person's data, wrapped by the master key. Destroying the row is erasing the person.
    kid     text primary key,
    wrapped bytea not null
);
