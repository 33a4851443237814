-- Passkeys of people (WebAuthn credentials). Only public keys are here: who reads them can prove nothing by it.
create table passkey (
  id text primary key,
  -- As its authenticator names it, in base 64 (url).
  credential text not null unique,
  person text not null references person,
  name text not null,
  -- COSE.
  public_key bytea not null,
  -- Of its authenticator's signatures, as far as it counts them: one that goes back is a copy's.
  counter bigint not null,
  transports text[] not null,
  -- Of the kind of authenticator, as that says itself.
  aaguid text not null,
  -- Kept by a provider of passkeys too, and not in one device alone.
  backed_up boolean not null,
  made_at double precision not null,
  used_at double precision
);
create index passkey_person on passkey (person);

-- What browsers were asked to sign. Each is used up by its first answer, whatever comes of that.
create table passkey_challenge (
  challenge text primary key,
  -- The session it was made for.
  browser text not null,
  -- What the signature is for: JSON.
  about text not null,
  expires_at double precision not null
);
