-- Local accounts, where the server has no identity provider: who is invited makes a passkey, and signs in by that from then on.
alter table token drop constraint token_kind_check;
alter table token add constraint token_kind_check check (kind in ('setup', 'enrolment', 'personal', 'service', 'invitation'));

-- Sign-ins that a device has begun (RFC 8628), until somebody confirmed them in a browser and the device has its token.
create table device_sign_in (
  -- Of what the device holds.
  hash bytea primary key,
  user_code text not null unique,
  expires_at double precision not null,
  -- Who confirmed it.
  person text references person,
  denied boolean not null default false
);
