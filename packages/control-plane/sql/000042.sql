-- What somebody wants done that more than one person has to want. It is done when enough have confirmed it, and not otherwise.
create table pending_request (
  id text primary key,
  route text not null,
  action text not null,
  resource_type text not null,
  resource_id text not null,
  -- Params and body of the call, as its route's schema read them; and the caller: JSON.
  given text not null,
  caller text not null,
  needs int not null,
  made_at double precision not null,
  expires_at double precision not null,
  ended_at double precision,
  ended_by text,
  outcome text check (outcome in ('done', 'failed', 'rejected'))
);

create table confirmation (
  request text not null references pending_request,
  person text not null references person,
  at double precision not null,
  primary key (request, person)
);
