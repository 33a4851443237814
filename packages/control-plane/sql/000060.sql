-- An index over what hosts sent, by which it is searched. Made from `event`, and made anew by emptying it: it holds nothing that is not there.
create table search_entry (
  -- Of the event.
  seq bigint primary key,
  host int not null,
  run text not null,
  at double precision not null,
  type text not null,
  exec bigint,
  decision text,
  line text not null,
  reason text not null,
  status int,
  signal text,
  words tsvector not null,
  -- `kind:value`, each of them in `search_tag`.
  tags text[] not null
);
create index search_entry_words on search_entry using gin (words);
create index search_entry_tags on search_entry using gin (tags);
create index search_entry_run on search_entry (host, run, exec);
create index search_entry_refused on search_entry (decision, seq) where decision <> 'allowed';

-- All tags that there are, for patterns.
create table search_tag (value text primary key);

-- How far it is. Whoever changes the index holds this row.
create table search_state (singleton boolean primary key default true check (singleton), indexed bigint not null);
insert into search_state (indexed) values (0);

-- Runs of which something was erased: what is left of their events that were in the index comes in again.
create table search_again (host int not null, run text not null, primary key (host, run));
