-- How a question is answered, as the policy that asks it says (JSON; null: by one yes, also by a link, whatever it is about), and the
-- yeses of those of whom more are needed.
alter table question add column terms text;

create table question_vote (
  question text not null references question,
  person text not null,
  answer text not null check (answer in ('once', 'run')),
  at double precision not null,
  primary key (question, person)
);

-- What is to be told elsewhere, until it was. One instance at a time has one: `held_until` says how long the others leave it alone.
create table delivery (
  id bigint generated always as identity primary key,
  -- `name` of the `[[notify]]` that says where to.
  notify text not null,
  question text not null references question,
  -- Whom it is for; null: nobody in particular, and then it has no link.
  person text references person,
  made_at double precision not null,
  due_at double precision not null,
  held_until double precision,
  failures int not null default 0,
  unique nulls not distinct (notify, question, person)
);
create index delivery_due on delivery (due_at);

-- One-time links: who has one answers one question as one person. Of the secret only the hash is kept.
create table link (
  id text primary key,
  hash bytea not null unique,
  question text not null references question,
  person text not null references person,
  made_at double precision not null,
  used_at double precision
);
