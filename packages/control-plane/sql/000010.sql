-- What hosts are told about runs that go on. An order stands until it is lifted or its time is over, and holds for every run in its
-- scope that the server hears of meanwhile: a host that was away is told when it comes back.
create table live_order (
  id bigint generated always as identity primary key,
  kind text not null check (kind in ('pause', 'kill', 'lease')),
  scope_type text not null,
  scope_id text not null,
  -- Of a lease: how long a run goes on without hearing from the server.
  seconds int,
  reason text not null,
  given_by text not null,
  given_at double precision not null,
  expires_at double precision,
  lifted_by text,
  lifted_at double precision,
  check ((kind = 'lease') = (seconds is not null))
);
create index live_order_standing on live_order (kind, scope_type, scope_id) where lifted_at is null;
