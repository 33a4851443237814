-- People whom the company's directory provisions (SCIM, RFC 7643). A row stays when it was deleted there: who comes back is the same person.
create table scim_user (
  person text primary key references person,
  user_name text not null,
  external_id text,
  -- What else is kept of them: displayName, name, emails (JSON).
  attributes text not null,
  version int not null,
  created_at double precision not null,
  changed_at double precision not null,
  -- The directory ended their access, and nobody else did: it alone gives it back.
  ended_at double precision,
  deleted_at double precision
);
create unique index scim_user_name on scim_user (lower(user_name)) where deleted_at is null;
create unique index scim_user_external on scim_user (external_id) where deleted_at is null;

create table scim_group (
  id text primary key,
  display_name text not null unique,
  external_id text,
  version int not null,
  created_at double precision not null,
  changed_at double precision not null
);

create table scim_member (
  group_id text not null references scim_group on delete cascade,
  person text not null references scim_user,
  primary key (group_id, person)
);
create index scim_member_person on scim_member (person);

-- Given by a group that the directory pushes, beside what the identity provider says at a sign-in (`by_group`).
alter table team_member add column by_scim boolean not null default false;

-- A role of one's own that had the name is another from now on: it must not become this one.
update role_grant set role = 'provisioner-of-our-own' where role = 'provisioner';
update role set name = 'provisioner-of-our-own' where name = 'provisioner';
