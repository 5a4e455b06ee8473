-- Adjudications on cases that have to become rules of the routing. The reactor's own, written with its place in the log.
create table if not exists rulings (
    code    text primary key,
    -- The adjudication as it will stand in the routing, JSON.
    ruling  bytea not null,
    -- The version that holds it, or 'refused'; none while it waits.
    version text
);
create index if not exists rulings_waiting on rulings (code) where version is null;
