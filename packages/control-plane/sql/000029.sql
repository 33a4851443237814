-- What became of what was told, by its receiver.
create table notify_result (
  notify text primary key,
  taken bigint not null default 0,
  taken_at double precision,
  failed bigint not null default 0,
  failed_at double precision,
  -- The last one's reason: of the network, or a status. Nothing that a peer made up.
  failure text,
  given_up bigint not null default 0
);
