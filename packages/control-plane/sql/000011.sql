-- What runs ask people, and what they were answered.
create table question (
  id text primary key,
  host int not null references host (number),
  run text not null,
  agent text not null,
  project text not null,
  exec bigint not null,
  -- What an answer is bound to: SHA-256 over arguments, directory, files and policies.
  bound text not null,
  -- Of the policy that asks; null: whoever may answer.
  role text,
  -- As people are shown it: JSON.
  asked text not null,
  asked_at double precision not null,
  expires_at double precision not null,
  answer text check (answer in ('once', 'run', 'no')),
  answered_by text,
  answered_at double precision,
  why text,
  -- The run asks no more: it was answered at its terminal, or its process is gone.
  withdrawn_at double precision
);
create index question_run on question (run);
create index question_open on question (expires_at) where answered_at is null and withdrawn_at is null;

-- What somebody who answered wants to be policy. A proposal permits nothing.
create table proposal (
  id bigint generated always as identity primary key,
  question text not null references question,
  reach text not null check (reach in ('project', 'always')),
  why text,
  by text not null,
  at double precision not null
);
