-- Browsers that are signed in. Of what their cookie holds only the hash is kept; the id names a session to people.
create table session (
  id text primary key,
  hash bytea not null unique,
  person text not null references person,
  -- Of the browser, as it says itself.
  agent text not null,
  created_at double precision not null,
  used_at double precision not null,
  expires_at double precision not null,
  -- When the person last proved that it is them.
  verified_at double precision,
  ended_at double precision
);
create index session_person on session (person) where ended_at is null;

-- Sign-ins that a browser has begun at the identity provider; each is used up by its first answer.
create table browser_sign_in (
  -- Of what the browser's cookie holds.
  hash bytea primary key,
  state text not null,
  nonce text not null,
  verifier text not null,
  return_to text not null,
  fresh boolean not null,
  begun_at double precision not null,
  expires_at double precision not null
);
