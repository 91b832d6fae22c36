account_deletions.user_id uuid not null
account_deletions.reason text not null
account_deletions.requested_at timestamp with time zone not null default latchkey.now()
account_deletions.due_at timestamp with time zone not null
audit_events.id uuid not null
audit_events.occurred_at timestamp with time zone not null default latchkey.now()
audit_events.event text not null
audit_events.actor_id uuid
audit_events.subject_id uuid
audit_events.address text
audit_events.request_id text
audit_events.detail jsonb not null default '{}'::jsonb
audit_events.position bigint not null
audit_seals.number bigint not null
audit_seals.kind text not null
audit_seals.first_position bigint not null
audit_seals.last_position bigint not null
audit_seals.events integer not null
audit_seals.entries bytea not null
audit_seals.newest_at timestamp with time zone
audit_seals.deleted_until timestamp with time zone
audit_seals.chain_start bigint
audit_seals.key_id text not null
audit_seals.previous bytea not null
audit_seals.mac bytea not null
audit_seals.sealed_at timestamp with time zone not null
audit_streams.name text collate "C" not null
audit_streams.reached bigint not null
audit_streams.lease_until timestamp with time zone
audit_streams.told_at timestamp with time zone
authorization_codes.code_hash bytea not null
authorization_codes.user_id uuid not null
authorization_codes.session_id uuid not null
authorization_codes.client_id text not null
authorization_codes.redirect_uri text not null
authorization_codes.code_challenge text not null
authorization_codes.audience text
authorization_codes.created_at timestamp with time zone not null default latchkey.now()
authorization_codes.expires_at timestamp with time zone not null
authorization_codes.uses integer not null default 0
authorization_codes.opened_session_id uuid
challenges.id uuid not null
challenges.handle_hash bytea not null
challenges.purpose text not null
challenges.address text
challenges.user_id uuid
challenges.session_id uuid
challenges.key_id text not null
challenges.digits smallint not null
challenges.attempts smallint not null default 0
challenges.sends smallint not null default 0
challenges.created_at timestamp with time zone not null default latchkey.now()
challenges.next_send_at timestamp with time zone not null
challenges.expires_at timestamp with time zone not null
challenges.consumed_at timestamp with time zone
challenges.handed_at timestamp with time zone
challenges.channel text
challenges.tells_channel boolean not null
challenges.locale text
challenges.state text not null
challenges.tries smallint not null default 0
challenges.due_at timestamp with time zone
challenges.lease_until timestamp with time zone
challenges.provider_id text
challenges.message_id uuid not null default gen_random_uuid()
challenges.failure text
challenges.proved_at timestamp with time zone
challenges.wrong_codes_key text
consent_backfill.reached uuid not null
consents.position bigint not null
consents.user_id uuid not null
consents.purpose text not null
consents.text_version text
consents.is_given boolean not null
consents.decided_at timestamp with time zone
consents.decided_by text not null
consents.actor_id uuid
consents.source text not null
consents.address text
erased_users.digest bytea not null
erased_users.erased_at timestamp with time zone not null default latchkey.now()
erasures.user_id uuid not null
erasures.reached bigint not null default 0
erasures.created_at timestamp with time zone not null default latchkey.now()
former_passwords.user_id uuid not null
former_passwords.password text not null
former_passwords.device_epoch integer not null
former_passwords.reset_at timestamp with time zone not null default latchkey.now()
former_passwords.held_at timestamp with time zone
group_permissions.group_id uuid not null
group_permissions.permission text not null
groups.id uuid not null
groups.name text not null
groups.created_at timestamp with time zone not null default latchkey.now()
import_decisions.run_id uuid not null
import_decisions.old_id text collate "C" not null
import_decisions.code text not null
import_decisions.field text not null
import_decisions.decision text not null
import_issues.run_id uuid not null
import_issues.old_id text collate "C" not null
import_issues.code text not null
import_issues.field text not null
import_issues.value text
import_issues.other text
import_issues.proposal text not null
import_issues.decision text
import_issues.is_decided boolean not null default false
import_issues.is_effective boolean not null default false
import_people.run_id uuid not null
import_people.position integer not null
import_people.old_id text collate "C" not null
import_people.state text not null default 'new'::text
import_people.id uuid not null
import_people.old_username text collate "C"
import_people.old_phone text collate "C"
import_people.username text
import_people.username_key text collate "C"
import_people.phone_number text collate "C"
import_people.email text
import_people.email_key text collate "C"
import_people.alias text collate "C"
import_people.password text not null
import_people.is_weak boolean not null
import_people.stored_password text
import_people.first_name text not null
import_people.last_name text not null
import_people.gender text
import_people.country text
import_people.city text
import_people.state_name text
import_people.is_approved_to_be_in_touch boolean not null
import_people.is_active boolean not null
import_people.is_staff boolean not null
import_people.is_superuser boolean not null
import_people.date_joined timestamp with time zone
import_people.last_login timestamp with time zone
import_people.profile jsonb not null
import_people.groups text[] not null
import_people.permissions text[] not null
import_people.prints jsonb not null
import_people.changed text[] not null
import_people.username_forms text[] not null
import_people.phone_forms text[] not null
import_sources.source text collate "C" not null
import_sources.round_id uuid
import_sources.round_started_at timestamp with time zone
import_sources.round_began_at timestamp with time zone
import_sources.seen_at timestamp with time zone
import_sources.began_at timestamp with time zone
import_sources.completed_at timestamp with time zone
import_sources.aliases_read_for text
import_sources.blacklist_read_at timestamp with time zone
imported_blacklist.source text not null
imported_blacklist.jti text collate "C" not null
imported_blacklist.expires_at timestamp with time zone not null
imported_groups.source text not null
imported_groups.group_id uuid not null
imported_groups.permissions text[] not null
imported_name_key.is_only boolean not null default true
imported_name_key.key bytea not null default sha256((((gen_random_uuid())::text || (gen_random_uuid())::text))::bytea)
imported_round_users.round_id uuid not null
imported_round_users.old_id text collate "C" not null
imported_round_users.old_username text collate "C"
imported_round_users.old_phone text collate "C"
imported_round_users.old_joined_at timestamp with time zone
imported_round_users.username_hashes bytea[] not null
imported_round_users.phone_hashes bytea[] not null
imported_users.source text collate "C" not null
imported_users.old_id text collate "C" not null
imported_users.user_id uuid
imported_users.old_username text collate "C"
imported_users.old_phone text collate "C"
imported_users.old_joined_at timestamp with time zone
imported_users.username_hashes bytea[] not null default '{}'::bytea[]
imported_users.phone_hashes bytea[] not null default '{}'::bytea[]
imported_users.named_since timestamp with time zone not null
imported_users.seen_at timestamp with time zone not null
imported_users.gone_at timestamp with time zone
imported_users.deleted_at timestamp with time zone
imported_users.prints jsonb not null default '{}'::jsonb
imported_users.alias text collate "C"
imported_users.issues jsonb
kept_counts.name text not null
kept_counts.value jsonb not null
kept_counts.counted_at timestamp with time zone not null
message_counts.key text not null
message_counts.hour timestamp with time zone not null
message_counts.what text not null
message_counts.shard smallint not null
message_counts.count integer not null
notice_messages.id uuid not null
notice_messages.notice_id uuid not null
notice_messages.channel text not null
notice_messages.address text not null
notice_messages.locale text
notice_messages.created_at timestamp with time zone not null default latchkey.now()
notice_messages.due_at timestamp with time zone
notice_messages.lease_until timestamp with time zone
notice_messages.tries smallint not null default 0
notice_messages.sent_at timestamp with time zone
notice_messages.failure text
notices.id uuid not null
notices.user_id uuid not null
notices.kind text not null
notices.created_at timestamp with time zone not null default latchkey.now()
notices.read_at timestamp with time zone
notices.address text
notices.user_agent text
notices.hook_due_at timestamp with time zone
notices.hook_tries smallint not null default 0
one_time_codes.id uuid not null
one_time_codes.user_id uuid not null
one_time_codes.purpose text not null
one_time_codes.target text
one_time_codes.code_hash bytea
one_time_codes.created_at timestamp with time zone not null default latchkey.now()
one_time_codes.expires_at timestamp with time zone not null
one_time_codes.issuer_id uuid
passkeys.id uuid not null
passkeys.user_id uuid not null
passkeys.credential_id bytea not null
passkeys.public_key bytea not null
passkeys.counter bigint not null
passkeys.transports text[] not null default '{}'::text[]
passkeys.name text not null
passkeys.is_backed_up boolean not null
passkeys.created_at timestamp with time zone not null default latchkey.now()
passkeys.last_used_at timestamp with time zone
pending_changes.id uuid not null
pending_changes.user_id uuid not null
pending_changes.session_id uuid not null
pending_changes.kind text not null
pending_changes.payload bytea not null
pending_changes.created_at timestamp with time zone not null default latchkey.now()
pending_changes.due_at timestamp with time zone not null
permission_apps.app text not null
permission_apps.declarer uuid
permission_apps.declared_at timestamp with time zone not null default latchkey.now()
permissions.permission text not null
recovery_codes.code_hash bytea not null
recovery_codes.user_id uuid not null
recovery_codes.session_id uuid
recovery_codes.created_at timestamp with time zone not null default latchkey.now()
recovery_codes.good_from timestamp with time zone
recovery_codes.used_at timestamp with time zone
recovery_codes.ticket_hash bytea
recovery_codes.ticket_expires_at timestamp with time zone
remembered_devices.id uuid not null
remembered_devices.user_id uuid not null
remembered_devices.mark_hash bytea not null
remembered_devices.device_epoch integer not null
remembered_devices.device text
remembered_devices.device_name text
remembered_devices.address text
remembered_devices.created_at timestamp with time zone not null default latchkey.now()
remembered_devices.last_used_at timestamp with time zone
remembered_devices.expires_at timestamp with time zone not null
schema_compatibility.migration text collate "C" not null
schema_compatibility.runs_from text collate "C" not null
second_factor_tickets.ticket_hash bytea not null
second_factor_tickets.user_id uuid not null
second_factor_tickets.purpose text not null
second_factor_tickets.evidence text[] not null
second_factor_tickets.opened_by text
second_factor_tickets.identifier text
second_factor_tickets.session_id uuid
second_factor_tickets.device_id text
second_factor_tickets.device_name text
second_factor_tickets.sealed_secret bytea
second_factor_tickets.next_password text
second_factor_tickets.attempts smallint not null default 0
second_factor_tickets.created_at timestamp with time zone not null default latchkey.now()
second_factor_tickets.expires_at timestamp with time zone not null
second_factor_tickets.consumed_at timestamp with time zone
secret_keys.id text collate "C" not null
secret_keys.purpose text not null
secret_keys.sealed bytea not null
secret_keys.secret_id text not null
secret_keys.made_with text not null
secret_keys.created_at timestamp with time zone not null default latchkey.now()
secret_keys.superseded_at timestamp with time zone
sessions.id uuid not null
sessions.user_id uuid not null
sessions.refresh_hash bytea not null
sessions.previous_refresh_hash bytea
sessions.rotated_at timestamp with time zone
sessions.created_at timestamp with time zone not null default latchkey.now()
sessions.last_used_at timestamp with time zone not null default latchkey.now()
sessions.idle_expires_at timestamp with time zone not null
sessions.expires_at timestamp with time zone not null
sessions.ended_at timestamp with time zone
sessions.end_reason text
sessions.address text
sessions.user_agent text
sessions.adopted_from text
sessions.kept_until timestamp with time zone
sessions.rotation integer not null default 0
sessions.unused_since timestamp with time zone
sessions.reissues integer not null default 0
sessions.device_name text
sessions.reauthenticated_at timestamp with time zone
sessions.opened_by text
sessions.reauthenticated_by text
sessions.acr smallint
sessions.amr text
sessions.auth_time timestamp with time zone
sessions.locale text
sessions.remembered_device uuid
sessions.client_id text
sessions.audience text
signing_keys.kid text not null
signing_keys.algorithm text not null
signing_keys.public_jwk jsonb
signing_keys.sealed_private_jwk bytea not null
signing_keys.created_at timestamp with time zone not null default latchkey.now()
signing_keys.signs_from timestamp with time zone not null
signing_keys.verifies_until timestamp with time zone
throttles.key bytea not null
throttles.count integer not null default 0
throttles.available_at timestamp with time zone not null default latchkey.now()
throttles.forgotten_at timestamp with time zone default latchkey.now()
tickets.ticket_hash bytea not null
tickets.opens text not null
tickets.kind text not null
tickets.address text not null
tickets.user_id uuid
tickets.created_at timestamp with time zone not null default latchkey.now()
tickets.expires_at timestamp with time zone not null
tickets.consumed_at timestamp with time zone
totp_factors.user_id uuid not null
totp_factors.sealed_secret bytea not null
totp_factors.created_at timestamp with time zone not null default latchkey.now()
totp_factors.last_step bigint not null
totp_factors.last_used_at timestamp with time zone
used_passkey_challenges.challenge_hash bytea not null
used_passkey_challenges.expires_at timestamp with time zone not null
user_groups.user_id uuid not null
user_groups.group_id uuid not null
user_groups.standing smallint not null
user_groups.username_key text
user_groups.phone_number text
user_groups.email_key text
user_permissions.user_id uuid not null
user_permissions.permission text not null
users.id uuid not null
users.username text
users.username_key text
users.phone_number text
users.email text
users.email_key text
users.password text not null
users.first_name text not null default ''::text
users.last_name text not null default ''::text
users.gender text
users.country text
users.city text
users.state text
users.is_approved_to_be_in_touch boolean not null default false
users.is_active boolean not null default true
users.is_staff boolean not null default false
users.is_superuser boolean not null default false
users.date_joined timestamp with time zone not null default latchkey.now()
users.last_login timestamp with time zone
users.credentials_changed_at timestamp with time zone not null default latchkey.now()
users.standing smallint not null generated (
CASE
    WHEN is_active THEN 2
    ELSE 0
END +
CASE
    WHEN is_staff THEN 1
    ELSE 0
END)
users.old_tokens_ended_at timestamp with time zone
users.profile jsonb not null default '{}'::jsonb
users.phone_proved_at timestamp with time zone
users.email_proved_at timestamp with time zone
users.phone_vouched_at timestamp with time zone
users.email_vouched_at timestamp with time zone
users.parked_at timestamp with time zone
users.has_alias boolean not null default false
users.test_until timestamp with time zone
users.reset_by_code_at timestamp with time zone
users.password_set_at timestamp with time zone
users.phone_opens_at timestamp with time zone
users.email_opens_at timestamp with time zone
users.device_epoch integer not null default 0
users.device_epoch_kept integer not null default 0
users.device_epoch_raised_at timestamp with time zone
users.second_factor_at timestamp with time zone
users.password_change_due_at timestamp with time zone
webhook_endpoints.name text collate "C" not null
webhook_endpoints.seen_at timestamp with time zone not null default latchkey.now()
webhook_events.position bigint not null
webhook_events.id uuid not null default gen_random_uuid()
webhook_events.endpoint text collate "C" not null
webhook_events.user_id uuid not null
webhook_events.type text not null
webhook_events.data jsonb not null
webhook_events.occurred_at timestamp with time zone not null default latchkey.now()
webhook_events.tries integer not null default 0
webhook_events.due_at timestamp with time zone default latchkey.now()
webhook_events.lease_until timestamp with time zone
webhook_events.delivered_at timestamp with time zone
webhook_events.failure text
wrong_codes.address text not null
wrong_codes.count integer not null
wrong_codes.last_at timestamp with time zone not null
account_deletions: account_deletions_pkey PRIMARY KEY (user_id)
account_deletions: account_deletions_reason CHECK ((reason = ANY (ARRAY['requested'::text, 'inactive'::text])))
account_deletions: account_deletions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
audit_events: audit_events_pkey PRIMARY KEY (id)
audit_events: audit_events_position_key UNIQUE ("position")
audit_seals: audit_seals_kind CHECK ((kind = ANY (ARRAY['events'::text, 'retention'::text])))
audit_seals: audit_seals_pkey PRIMARY KEY (number)
audit_seals: audit_seals_range CHECK (((first_position <= (last_position + 1)) AND (events >= 0)))
audit_streams: audit_streams_pkey PRIMARY KEY (name)
authorization_codes: authorization_codes_hash CHECK ((octet_length(code_hash) = 32))
authorization_codes: authorization_codes_pkey PRIMARY KEY (code_hash)
authorization_codes: authorization_codes_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
authorization_codes: authorization_codes_uses CHECK ((uses >= 0))
challenges: challenges_attempts CHECK (((attempts >= 0) AND (attempts <= 5)))
challenges: challenges_digits CHECK ((digits = ANY (ARRAY[6, 10])))
challenges: challenges_handle CHECK ((octet_length(handle_hash) = 32))
challenges: challenges_handle_hash_key UNIQUE (handle_hash)
challenges: challenges_pkey PRIMARY KEY (id)
challenges: challenges_purpose CHECK ((purpose = ANY (ARRAY['enter'::text, 'sign_in'::text, 'register'::text, 'prove_phone'::text, 'prove_email'::text, 'reset_password'::text, 'reauthenticate'::text])))
challenges: challenges_sends CHECK (((sends >= 0) AND (sends <= 3)))
challenges: challenges_sent_somewhere CHECK (((address IS NOT NULL) OR (state = 'suppressed'::text)))
challenges: challenges_session_id_fkey FOREIGN KEY (session_id) REFERENCES sessions(id) ON DELETE CASCADE
challenges: challenges_state CHECK ((state = ANY (ARRAY['queued'::text, 'sent'::text, 'delivered'::text, 'failed'::text, 'suppressed'::text])))
challenges: challenges_tries CHECK ((tries >= 0)) NOT VALID
challenges: challenges_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
consent_backfill: consent_backfill_pkey PRIMARY KEY (reached)
consents: consents_decided_by CHECK ((decided_by = ANY (ARRAY['owner'::text, 'administrator'::text, 'import'::text, 'unknown'::text])))
consents: consents_own CHECK (((NOT is_given) OR (decided_by <> 'administrator'::text)))
consents: consents_pkey PRIMARY KEY ("position")
consents: consents_purpose CHECK ((purpose = 'contact'::text))
consents: consents_source CHECK ((source = ANY (ARRAY['registration'::text, 'profile'::text, 'administration'::text, 'command_line'::text, 'import'::text, 'unknown'::text])))
consents: consents_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
erased_users: erased_users_digest CHECK ((octet_length(digest) = 32))
erased_users: erased_users_pkey PRIMARY KEY (digest)
erasures: erasures_pkey PRIMARY KEY (user_id)
erasures: erasures_reached CHECK ((reached >= 0))
former_passwords: former_passwords_pkey PRIMARY KEY (user_id)
former_passwords: former_passwords_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
group_permissions: group_permissions_group_id_fkey FOREIGN KEY (group_id) REFERENCES groups(id) ON DELETE CASCADE
group_permissions: group_permissions_permission_fkey FOREIGN KEY (permission) REFERENCES permissions(permission) ON DELETE CASCADE
group_permissions: group_permissions_pkey PRIMARY KEY (group_id, permission)
groups: groups_name_key UNIQUE (name)
groups: groups_name_length CHECK (((char_length(name) >= 1) AND (char_length(name) <= 150)))
groups: groups_pkey PRIMARY KEY (id)
import_issues: import_issues_pkey PRIMARY KEY (run_id, old_id, code, field)
import_people: import_people_pkey PRIMARY KEY (run_id, old_id)
import_sources: import_sources_complete CHECK ((((seen_at IS NULL) = (began_at IS NULL)) AND ((seen_at IS NULL) = (completed_at IS NULL))))
import_sources: import_sources_name CHECK ((source ~ '^[a-z][a-z0-9_-]{0,62}$'::text))
import_sources: import_sources_pkey PRIMARY KEY (source)
import_sources: import_sources_round CHECK ((((round_id IS NULL) = (round_started_at IS NULL)) AND ((round_id IS NULL) = (round_began_at IS NULL))))
imported_blacklist: imported_blacklist_pkey PRIMARY KEY (source, jti)
imported_groups: imported_groups_group_id_fkey FOREIGN KEY (group_id) REFERENCES groups(id) ON DELETE CASCADE
imported_groups: imported_groups_pkey PRIMARY KEY (source, group_id)
imported_name_key: imported_name_key_length CHECK ((octet_length(key) = 32))
imported_name_key: imported_name_key_one CHECK (is_only)
imported_name_key: imported_name_key_pkey PRIMARY KEY (is_only)
imported_round_users: imported_round_users_pkey PRIMARY KEY (round_id, old_id)
imported_users: imported_users_old_username UNIQUE (source, old_username) DEFERRABLE INITIALLY DEFERRED
imported_users: imported_users_one_each UNIQUE (source, user_id)
imported_users: imported_users_pkey PRIMARY KEY (source, old_id)
imported_users: imported_users_source CHECK ((source ~ '^[a-z][a-z0-9_-]{0,62}$'::text))
imported_users: imported_users_tombstone CHECK (((deleted_at IS NULL) OR ((user_id IS NULL) AND (old_username IS NULL) AND (old_phone IS NULL))))
imported_users: imported_users_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE SET NULL
kept_counts: kept_counts_pkey PRIMARY KEY (name)
message_counts: message_counts_pkey PRIMARY KEY (key, hour, what, shard)
notice_messages: notice_messages_channel CHECK ((channel = ANY (ARRAY['sms'::text, 'email'::text])))
notice_messages: notice_messages_notice_id_fkey FOREIGN KEY (notice_id) REFERENCES notices(id) ON DELETE CASCADE
notice_messages: notice_messages_pkey PRIMARY KEY (id)
notices: notices_pkey PRIMARY KEY (id)
notices: notices_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
one_time_codes: one_time_codes_hash_length CHECK ((octet_length(code_hash) = 32))
one_time_codes: one_time_codes_issuer_id_fkey FOREIGN KEY (issuer_id) REFERENCES users(id) ON DELETE CASCADE
one_time_codes: one_time_codes_one_each UNIQUE (user_id, purpose)
one_time_codes: one_time_codes_pkey PRIMARY KEY (id)
one_time_codes: one_time_codes_purpose_choice CHECK ((purpose = ANY (ARRAY['set_password'::text, 'prove_phone'::text, 'prove_email'::text])))
one_time_codes: one_time_codes_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
passkeys: passkeys_counter CHECK (((counter >= 0) AND (counter <= '4294967295'::bigint)))
passkeys: passkeys_credential CHECK (((octet_length(credential_id) >= 16) AND (octet_length(credential_id) <= 1023)))
passkeys: passkeys_credential_id_key UNIQUE (credential_id)
passkeys: passkeys_pkey PRIMARY KEY (id)
passkeys: passkeys_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
pending_changes: pending_changes_once UNIQUE (session_id, kind)
pending_changes: pending_changes_pkey PRIMARY KEY (id)
pending_changes: pending_changes_session_id_fkey FOREIGN KEY (session_id) REFERENCES sessions(id) ON DELETE CASCADE
pending_changes: pending_changes_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
permission_apps: permission_apps_grammar CHECK (((app ~ '^[a-z][a-z0-9_]*$'::text) AND (app <> 'auth'::text) AND (char_length(app) <= 100)))
permission_apps: permission_apps_pkey PRIMARY KEY (app)
permissions: permissions_grammar CHECK (((permission ~ '^[a-z][a-z0-9_]*\.[a-z][a-z0-9]*_[a-z][a-z0-9_]*$'::text) AND (char_length(permission) <= 150)))
permissions: permissions_pkey PRIMARY KEY (permission)
recovery_codes: recovery_codes_hash CHECK ((octet_length(code_hash) = 32))
recovery_codes: recovery_codes_pkey PRIMARY KEY (code_hash)
recovery_codes: recovery_codes_session_id_fkey FOREIGN KEY (session_id) REFERENCES sessions(id) ON DELETE CASCADE
recovery_codes: recovery_codes_ticket CHECK (((ticket_hash IS NULL) OR ((octet_length(ticket_hash) = 32) AND (ticket_expires_at IS NOT NULL))))
recovery_codes: recovery_codes_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
remembered_devices: remembered_devices_hash CHECK ((octet_length(mark_hash) = 32))
remembered_devices: remembered_devices_mark_hash_key UNIQUE (mark_hash)
remembered_devices: remembered_devices_pkey PRIMARY KEY (id)
remembered_devices: remembered_devices_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
schema_compatibility: schema_compatibility_pkey PRIMARY KEY (migration)
second_factor_tickets: second_factor_tickets_attempts CHECK (((attempts >= 0) AND (attempts <= 5)))
second_factor_tickets: second_factor_tickets_hash CHECK ((octet_length(ticket_hash) = 32))
second_factor_tickets: second_factor_tickets_pkey PRIMARY KEY (ticket_hash)
second_factor_tickets: second_factor_tickets_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
secret_keys: secret_keys_pkey PRIMARY KEY (id)
sessions: sessions_device_name_length CHECK (((char_length(device_name) >= 1) AND (char_length(device_name) <= 100))) NOT VALID
sessions: sessions_end CHECK (((ended_at IS NULL) = (end_reason IS NULL)))
sessions: sessions_lifetime CHECK (((created_at < expires_at) AND (idle_expires_at <= expires_at)))
sessions: sessions_pkey PRIMARY KEY (id)
sessions: sessions_previous_refresh_hash_length CHECK ((octet_length(previous_refresh_hash) = 32))
sessions: sessions_refresh_hash_length CHECK ((octet_length(refresh_hash) = 32))
sessions: sessions_rotation CHECK (((previous_refresh_hash IS NULL) = (rotated_at IS NULL)))
sessions: sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
signing_keys: signing_keys_algorithm_choice CHECK ((algorithm = ANY (ARRAY['EdDSA'::text, 'ES256'::text, 'HS256'::text])))
signing_keys: signing_keys_pkey PRIMARY KEY (kid)
signing_keys: signing_keys_public_part CHECK (((public_jwk IS NULL) = (algorithm = 'HS256'::text)))
throttles: throttles_count CHECK ((count >= 0))
throttles: throttles_key_length CHECK ((octet_length(key) = 32))
throttles: throttles_pkey PRIMARY KEY (key)
tickets: tickets_hash CHECK ((octet_length(ticket_hash) = 32))
tickets: tickets_kind CHECK ((kind = ANY (ARRAY['phone'::text, 'email'::text])))
tickets: tickets_pkey PRIMARY KEY (ticket_hash)
tickets: tickets_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
totp_factors: totp_factors_pkey PRIMARY KEY (user_id)
totp_factors: totp_factors_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
used_passkey_challenges: used_passkey_challenges_hash CHECK ((octet_length(challenge_hash) = 32))
used_passkey_challenges: used_passkey_challenges_pkey PRIMARY KEY (challenge_hash)
user_groups: user_groups_group_id_fkey FOREIGN KEY (group_id) REFERENCES groups(id) ON DELETE CASCADE
user_groups: user_groups_pkey PRIMARY KEY (user_id, group_id)
user_groups: user_groups_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
user_permissions: user_permissions_permission_fkey FOREIGN KEY (permission) REFERENCES permissions(permission) ON DELETE CASCADE
user_permissions: user_permissions_pkey PRIMARY KEY (user_id, permission)
user_permissions: user_permissions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
users: note_changed_consent TRIGGER DEFERRABLE INITIALLY DEFERRED
users: note_consent_of_new TRIGGER DEFERRABLE INITIALLY DEFERRED
users: users_city_length CHECK ((char_length(city) <= 120))
users: users_country_length CHECK ((char_length(country) <= 120))
users: users_email_grammar CHECK ((((char_length(email_key) >= 6) AND (char_length(email_key) <= 254)) AND (strpos(email_key, '@'::text) <= 65) AND (email_key ~ '^[a-z0-9!#$%&\u0027*+/=?^_\u0060{|}~-]+(?:\.[a-z0-9!#$%&\u0027*+/=?^_\u0060{|}~-]+)*@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z](?:[a-z0-9-]*[a-z0-9])$'::text) AND ((char_length(email_key) < 66) OR (split_part(email_key, '@'::text, 2) !~ '[^.]{64}'::text)))) NOT VALID
users: users_email_key UNIQUE (email_key)
users: users_email_pair CHECK (((email IS NULL) = (email_key IS NULL)))
users: users_email_proof CHECK (((email_key IS NOT NULL) OR ((email_proved_at IS NULL) AND (email_vouched_at IS NULL)))) NOT VALID
users: users_first_name_length CHECK ((char_length(first_name) <= 150))
users: users_gender_choice CHECK ((gender = ANY (ARRAY['Male'::text, 'Female'::text])))
users: users_last_name_length CHECK ((char_length(last_name) <= 150))
users: users_named CHECK (((num_nonnulls(username_key, phone_number, email_key, parked_at) > 0) OR has_alias)) NOT VALID
users: users_password_length CHECK (((char_length(password) >= 1) AND (char_length(password) <= 512)))
users: users_phone_number_grammar CHECK ((phone_number ~ '^\+[1-9][0-9]{6,14}$'::text))
users: users_phone_number_key UNIQUE (phone_number)
users: users_phone_proof CHECK (((phone_number IS NOT NULL) OR ((phone_proved_at IS NULL) AND (phone_vouched_at IS NULL)))) NOT VALID
users: users_pkey PRIMARY KEY (id)
users: users_profile_size CHECK (((jsonb_typeof(profile) = 'object'::text) AND (octet_length((profile)::text) <= 16384))) NOT VALID
users: users_state_length CHECK ((char_length(state) <= 120))
users: users_username_grammar CHECK (((char_length(username_key) <= 150) AND (username_key ~ '^[^\u0001-\u005e\u0060\u007b-\u007f][^\u0001-\u002c\u002f\u003a-\u005e\u0060\u007b-\u007f]*$'::text))) NOT VALID
users: users_username_key UNIQUE (username_key)
users: users_username_length CHECK (((char_length(username) >= 1) AND (char_length(username) <= 150)))
users: users_username_pair CHECK (((username IS NULL) = (username_key IS NULL))) NOT VALID
webhook_endpoints: webhook_endpoints_pkey PRIMARY KEY (name)
webhook_events: webhook_events_pkey PRIMARY KEY ("position")
wrong_codes: wrong_codes_count CHECK ((count > 0)) NOT VALID
wrong_codes: wrong_codes_pkey PRIMARY KEY (address)
CREATE INDEX account_deletions_due ON latchkey.account_deletions USING btree (due_at)
CREATE UNIQUE INDEX account_deletions_pkey ON latchkey.account_deletions USING btree (user_id)
CREATE INDEX audit_events_actor_event ON latchkey.audit_events USING btree (actor_id, event, "position")
CREATE INDEX audit_events_actor_position ON latchkey.audit_events USING btree (actor_id, "position")
CREATE INDEX audit_events_address ON latchkey.audit_events USING btree (address, "position")
CREATE INDEX audit_events_event ON latchkey.audit_events USING btree (event, "position")
CREATE INDEX audit_events_occurred_at ON latchkey.audit_events USING btree (occurred_at)
CREATE INDEX audit_events_subject_actor ON latchkey.audit_events USING btree (subject_id, actor_id, "position")
CREATE INDEX audit_events_subject_event ON latchkey.audit_events USING btree (subject_id, event, "position")
CREATE INDEX audit_events_subject_id ON latchkey.audit_events USING btree (subject_id, "position")
CREATE UNIQUE INDEX audit_events_pkey ON latchkey.audit_events USING btree (id)
CREATE UNIQUE INDEX audit_events_position_key ON latchkey.audit_events USING btree ("position")
CREATE INDEX audit_seals_retention ON latchkey.audit_seals USING btree (number) WHERE (kind = 'retention'::text)
CREATE UNIQUE INDEX audit_seals_pkey ON latchkey.audit_seals USING btree (number)
CREATE UNIQUE INDEX audit_streams_pkey ON latchkey.audit_streams USING btree (name)
CREATE INDEX authorization_codes_expiry ON latchkey.authorization_codes USING btree (expires_at)
CREATE INDEX authorization_codes_user ON latchkey.authorization_codes USING btree (user_id)
CREATE UNIQUE INDEX authorization_codes_pkey ON latchkey.authorization_codes USING btree (code_hash)
CREATE INDEX challenges_due ON latchkey.challenges USING btree (due_at) WHERE (due_at IS NOT NULL)
CREATE INDEX challenges_expiry ON latchkey.challenges USING btree (expires_at)
CREATE INDEX challenges_provider ON latchkey.challenges USING btree (provider_id) WHERE (provider_id IS NOT NULL)
CREATE INDEX challenges_session ON latchkey.challenges USING btree (session_id) WHERE (session_id IS NOT NULL)
CREATE INDEX challenges_user ON latchkey.challenges USING btree (user_id) WHERE (user_id IS NOT NULL)
CREATE UNIQUE INDEX challenges_handle_hash_key ON latchkey.challenges USING btree (handle_hash)
CREATE UNIQUE INDEX challenges_pkey ON latchkey.challenges USING btree (id)
CREATE UNIQUE INDEX consent_backfill_pkey ON latchkey.consent_backfill USING btree (reached)
CREATE INDEX consents_user ON latchkey.consents USING btree (user_id, "position")
CREATE UNIQUE INDEX consents_pkey ON latchkey.consents USING btree ("position")
CREATE UNIQUE INDEX erased_users_pkey ON latchkey.erased_users USING btree (digest)
CREATE UNIQUE INDEX erasures_pkey ON latchkey.erasures USING btree (user_id)
CREATE INDEX former_passwords_age ON latchkey.former_passwords USING btree (reset_at)
CREATE UNIQUE INDEX former_passwords_pkey ON latchkey.former_passwords USING btree (user_id)
CREATE INDEX group_permissions_permission ON latchkey.group_permissions USING btree (permission)
CREATE UNIQUE INDEX group_permissions_pkey ON latchkey.group_permissions USING btree (group_id, permission)
CREATE INDEX groups_name_order ON latchkey.groups USING btree (name COLLATE "C")
CREATE UNIQUE INDEX groups_name_key ON latchkey.groups USING btree (name)
CREATE UNIQUE INDEX groups_pkey ON latchkey.groups USING btree (id)
CREATE UNIQUE INDEX import_issues_pkey ON latchkey.import_issues USING btree (run_id, old_id, code, field)
CREATE INDEX import_people_position ON latchkey.import_people USING btree (run_id, "position")
CREATE INDEX import_people_username_forms ON latchkey.import_people USING gin (username_forms) WITH (fastupdate=off)
CREATE UNIQUE INDEX import_people_pkey ON latchkey.import_people USING btree (run_id, old_id)
CREATE UNIQUE INDEX import_sources_pkey ON latchkey.import_sources USING btree (source)
CREATE INDEX imported_blacklist_expires_at ON latchkey.imported_blacklist USING btree (expires_at)
CREATE UNIQUE INDEX imported_blacklist_pkey ON latchkey.imported_blacklist USING btree (source, jti)
CREATE INDEX imported_groups_group_id ON latchkey.imported_groups USING btree (group_id)
CREATE UNIQUE INDEX imported_groups_pkey ON latchkey.imported_groups USING btree (source, group_id)
CREATE UNIQUE INDEX imported_name_key_pkey ON latchkey.imported_name_key USING btree (is_only)
CREATE UNIQUE INDEX imported_round_users_pkey ON latchkey.imported_round_users USING btree (round_id, old_id)
CREATE INDEX imported_users_altered ON latchkey.imported_users USING btree (source, old_id) WHERE ((user_id IS NOT NULL) AND (issues IS NOT NULL))
CREATE INDEX imported_users_old_phone ON latchkey.imported_users USING btree (source, old_phone) WHERE (old_phone IS NOT NULL)
CREATE INDEX imported_users_phone_hashes ON latchkey.imported_users USING gin (phone_hashes)
CREATE INDEX imported_users_reserved ON latchkey.imported_users USING btree (source, old_id) WHERE (user_id IS NULL)
CREATE INDEX imported_users_user_id ON latchkey.imported_users USING btree (user_id) WHERE (user_id IS NOT NULL)
CREATE INDEX imported_users_username_hashes ON latchkey.imported_users USING gin (username_hashes)
CREATE UNIQUE INDEX imported_users_alias ON latchkey.imported_users USING btree (alias) WHERE (alias IS NOT NULL)
CREATE UNIQUE INDEX imported_users_old_username ON latchkey.imported_users USING btree (source, old_username)
CREATE UNIQUE INDEX imported_users_one_each ON latchkey.imported_users USING btree (source, user_id)
CREATE UNIQUE INDEX imported_users_pkey ON latchkey.imported_users USING btree (source, old_id)
CREATE UNIQUE INDEX kept_counts_pkey ON latchkey.kept_counts USING btree (name)
CREATE INDEX message_counts_hour ON latchkey.message_counts USING btree (hour)
CREATE UNIQUE INDEX message_counts_pkey ON latchkey.message_counts USING btree (key, hour, what, shard)
CREATE INDEX notice_messages_created ON latchkey.notice_messages USING btree (created_at)
CREATE INDEX notice_messages_due ON latchkey.notice_messages USING btree (due_at) WHERE (due_at IS NOT NULL)
CREATE INDEX notice_messages_notice ON latchkey.notice_messages USING btree (notice_id)
CREATE INDEX notice_messages_sent ON latchkey.notice_messages USING btree (sent_at) WHERE (sent_at IS NOT NULL)
CREATE UNIQUE INDEX notice_messages_pkey ON latchkey.notice_messages USING btree (id)
CREATE INDEX notices_created ON latchkey.notices USING btree (created_at)
CREATE INDEX notices_hook_due ON latchkey.notices USING btree (hook_due_at) WHERE (hook_due_at IS NOT NULL)
CREATE INDEX notices_user ON latchkey.notices USING btree (user_id, id)
CREATE UNIQUE INDEX notices_pkey ON latchkey.notices USING btree (id)
CREATE INDEX one_time_codes_expires_at ON latchkey.one_time_codes USING btree (expires_at)
CREATE INDEX one_time_codes_issuer_id ON latchkey.one_time_codes USING btree (issuer_id) WHERE (issuer_id IS NOT NULL)
CREATE UNIQUE INDEX one_time_codes_one_each ON latchkey.one_time_codes USING btree (user_id, purpose)
CREATE UNIQUE INDEX one_time_codes_pkey ON latchkey.one_time_codes USING btree (id)
CREATE INDEX passkeys_user ON latchkey.passkeys USING btree (user_id)
CREATE UNIQUE INDEX passkeys_credential_id_key ON latchkey.passkeys USING btree (credential_id)
CREATE UNIQUE INDEX passkeys_pkey ON latchkey.passkeys USING btree (id)
CREATE INDEX pending_changes_due ON latchkey.pending_changes USING btree (due_at)
CREATE INDEX pending_changes_user ON latchkey.pending_changes USING btree (user_id)
CREATE UNIQUE INDEX pending_changes_once ON latchkey.pending_changes USING btree (session_id, kind)
CREATE UNIQUE INDEX pending_changes_pkey ON latchkey.pending_changes USING btree (id)
CREATE INDEX permission_apps_declarer ON latchkey.permission_apps USING btree (declarer)
CREATE UNIQUE INDEX permission_apps_pkey ON latchkey.permission_apps USING btree (app)
CREATE UNIQUE INDEX permissions_pkey ON latchkey.permissions USING btree (permission)
CREATE INDEX recovery_codes_session ON latchkey.recovery_codes USING btree (session_id) WHERE (session_id IS NOT NULL)
CREATE INDEX recovery_codes_user ON latchkey.recovery_codes USING btree (user_id)
CREATE INDEX recovery_codes_waiting ON latchkey.recovery_codes USING btree (good_from) WHERE (good_from IS NOT NULL)
CREATE UNIQUE INDEX recovery_codes_pkey ON latchkey.recovery_codes USING btree (code_hash)
CREATE UNIQUE INDEX recovery_codes_ticket_hash ON latchkey.recovery_codes USING btree (ticket_hash) WHERE (ticket_hash IS NOT NULL)
CREATE INDEX remembered_devices_expiry ON latchkey.remembered_devices USING btree (expires_at)
CREATE INDEX remembered_devices_user ON latchkey.remembered_devices USING btree (user_id)
CREATE UNIQUE INDEX remembered_devices_mark_hash_key ON latchkey.remembered_devices USING btree (mark_hash)
CREATE UNIQUE INDEX remembered_devices_pkey ON latchkey.remembered_devices USING btree (id)
CREATE UNIQUE INDEX schema_compatibility_pkey ON latchkey.schema_compatibility USING btree (migration)
CREATE INDEX second_factor_tickets_expiry ON latchkey.second_factor_tickets USING btree (expires_at)
CREATE INDEX second_factor_tickets_user ON latchkey.second_factor_tickets USING btree (user_id)
CREATE UNIQUE INDEX second_factor_tickets_pkey ON latchkey.second_factor_tickets USING btree (ticket_hash)
CREATE UNIQUE INDEX secret_keys_in_use ON latchkey.secret_keys USING btree (purpose) WHERE (superseded_at IS NULL)
CREATE UNIQUE INDEX secret_keys_pkey ON latchkey.secret_keys USING btree (id)
CREATE INDEX sessions_adopted ON latchkey.sessions USING btree (adopted_from) WHERE ((adopted_from IS NOT NULL) AND (ended_at IS NULL))
CREATE INDEX sessions_ended ON latchkey.sessions USING btree (ended_at) WHERE (ended_at IS NOT NULL)
CREATE INDEX sessions_expires_at ON latchkey.sessions USING btree (expires_at)
CREATE INDEX sessions_open ON latchkey.sessions USING btree (user_id) WHERE (ended_at IS NULL)
CREATE INDEX sessions_user_id ON latchkey.sessions USING btree (user_id)
CREATE UNIQUE INDEX sessions_pkey ON latchkey.sessions USING btree (id)
CREATE UNIQUE INDEX signing_keys_pkey ON latchkey.signing_keys USING btree (kid)
CREATE UNIQUE INDEX throttles_pkey ON latchkey.throttles USING btree (key)
CREATE INDEX tickets_expiry ON latchkey.tickets USING btree (expires_at)
CREATE INDEX tickets_user ON latchkey.tickets USING btree (user_id) WHERE (user_id IS NOT NULL)
CREATE UNIQUE INDEX tickets_pkey ON latchkey.tickets USING btree (ticket_hash)
CREATE UNIQUE INDEX totp_factors_pkey ON latchkey.totp_factors USING btree (user_id)
CREATE INDEX used_passkey_challenges_expiry ON latchkey.used_passkey_challenges USING btree (expires_at)
CREATE UNIQUE INDEX used_passkey_challenges_pkey ON latchkey.used_passkey_challenges USING btree (challenge_hash)
CREATE INDEX user_groups_email ON latchkey.user_groups USING btree (group_id, email_key COLLATE "C")
CREATE INDEX user_groups_group_id ON latchkey.user_groups USING btree (group_id, user_id)
CREATE INDEX user_groups_phone_number ON latchkey.user_groups USING btree (group_id, phone_number COLLATE "C")
CREATE INDEX user_groups_standing_email ON latchkey.user_groups USING btree (group_id, standing, email_key COLLATE "C")
CREATE INDEX user_groups_standing_id ON latchkey.user_groups USING btree (group_id, standing, user_id)
CREATE INDEX user_groups_standing_phone_number ON latchkey.user_groups USING btree (group_id, standing, phone_number COLLATE "C")
CREATE INDEX user_groups_standing_username ON latchkey.user_groups USING btree (group_id, standing, username_key COLLATE "C")
CREATE INDEX user_groups_username ON latchkey.user_groups USING btree (group_id, username_key COLLATE "C")
CREATE UNIQUE INDEX user_groups_pkey ON latchkey.user_groups USING btree (user_id, group_id)
CREATE INDEX user_permissions_permission ON latchkey.user_permissions USING btree (permission)
CREATE UNIQUE INDEX user_permissions_pkey ON latchkey.user_permissions USING btree (user_id, permission)
CREATE INDEX users_email_prefix ON latchkey.users USING btree (email_key COLLATE "C")
CREATE INDEX users_one_keyboard ON latchkey.users USING btree (one_keyboard(username_key)) WHERE (one_keyboard(username_key) IS NOT NULL)
CREATE INDEX users_parked ON latchkey.users USING btree (parked_at) WHERE (parked_at IS NOT NULL)
CREATE INDEX users_phone_number_prefix ON latchkey.users USING btree (phone_number COLLATE "C")
CREATE INDEX users_standing_email ON latchkey.users USING btree (standing, email_key COLLATE "C")
CREATE INDEX users_standing_id ON latchkey.users USING btree (standing, id)
CREATE INDEX users_standing_phone_number ON latchkey.users USING btree (standing, phone_number COLLATE "C")
CREATE INDEX users_standing_username ON latchkey.users USING btree (standing, username_key COLLATE "C")
CREATE INDEX users_superusers ON latchkey.users USING btree (id) WHERE is_superuser
CREATE INDEX users_username_prefix ON latchkey.users USING btree (username_key COLLATE "C")
CREATE UNIQUE INDEX users_email_key ON latchkey.users USING btree (email_key)
CREATE UNIQUE INDEX users_phone_number_key ON latchkey.users USING btree (phone_number)
CREATE UNIQUE INDEX users_pkey ON latchkey.users USING btree (id)
CREATE UNIQUE INDEX users_username_key ON latchkey.users USING btree (username_key)
CREATE UNIQUE INDEX webhook_endpoints_pkey ON latchkey.webhook_endpoints USING btree (name)
CREATE INDEX webhook_events_age ON latchkey.webhook_events USING btree (occurred_at)
CREATE INDEX webhook_events_due ON latchkey.webhook_events USING btree (endpoint, due_at) WHERE (due_at IS NOT NULL)
CREATE INDEX webhook_events_order ON latchkey.webhook_events USING btree (endpoint, user_id, "position") WHERE (due_at IS NOT NULL)
CREATE UNIQUE INDEX webhook_events_id ON latchkey.webhook_events USING btree (id)
CREATE UNIQUE INDEX webhook_events_pkey ON latchkey.webhook_events USING btree ("position")
CREATE INDEX wrong_codes_last ON latchkey.wrong_codes USING btree (last_at)
CREATE UNIQUE INDEX wrong_codes_pkey ON latchkey.wrong_codes USING btree (address)
CREATE OR REPLACE FUNCTION latchkey.bury_imported_user()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    begin
      update latchkey.imported_users
        set user_id = null, old_username = null, old_phone = null, alias = null, prints = '{}', deleted_at = latchkey.now()
        where user_id = old.id;
      return old;
    end $function$
CREATE OR REPLACE FUNCTION latchkey.copy_member()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    begin
      select u.standing, u.username_key, u.phone_number, u.email_key
        into new.standing, new.username_key, new.phone_number, new.email_key
        from latchkey.users u where u.id = new.user_id for share;
      return new;
    end $function$
CREATE OR REPLACE FUNCTION latchkey.copy_to_members()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    begin
      update latchkey.user_groups
        set standing = new.standing, username_key = new.username_key, phone_number = new.phone_number, email_key = new.email_key
        where user_id = new.id;
      return null;
    end $function$
CREATE OR REPLACE FUNCTION latchkey.delete_old_audit_events(until timestamp with time zone, at_most integer)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    declare deleted integer;
    begin
      if until > latchkey.now() - interval '1 day' then
        raise exception 'Events are kept for a day at least';
      end if;
      delete from latchkey.audit_events where id = any (array(
        select e.id from latchkey.audit_events e where e.occurred_at <= until
        order by e.occurred_at limit at_most for update skip locked
      ));
      get diagnostics deleted = row_count;
      return deleted;
    end $function$
CREATE OR REPLACE FUNCTION latchkey.delete_old_audit_seals()
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    declare deleted integer;
    begin
      delete from latchkey.audit_seals
      where number < (select chain_start from latchkey.audit_seals where kind = 'retention' order by number desc limit 1)
        and last_position < coalesce((select min(position) from latchkey.audit_events), 9223372036854775807)
        and coalesce(newest_at, sealed_at) <= latchkey.now() - interval '1 day';
      get diagnostics deleted = row_count;
      return deleted;
    end $function$
CREATE OR REPLACE FUNCTION latchkey.erase_audit_addresses(person uuid, reached bigint, at_most integer, OUT seen integer, OUT last bigint)
 RETURNS record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    begin
      if exists (select from latchkey.users where id = person) then
        raise exception 'Only what is about people who were deleted is erased';
      end if;
      -- Each list is read by its index, and no further than the step: without these it may be by one without positions.
      perform set_config(name, 'off', true) from pg_settings where name in ('enable_sort', 'enable_incremental_sort');
      with next as (
        select position from (
          (select e.actor_id, e.position from latchkey.audit_events e
            where (e.actor_id, e.position) > (person, reached) and e.actor_id <= person
            order by e.actor_id, e.position limit at_most)
          union
          (select e.subject_id, e.position from latchkey.audit_events e
            where (e.subject_id, e.position) > (person, reached) and e.subject_id <= person
            order by e.subject_id, e.position limit at_most)
        ) events order by position limit at_most
      ), cleared as (
        update latchkey.audit_events e set address = null, detail = e.detail - 'previousAddress' - 'device'
        where e.position = any (array(select n.position from next n))
          and (e.address is not null or jsonb_exists(e.detail, 'previousAddress') or jsonb_exists(e.detail, 'device'))
          and (e.actor_id = person or (e.subject_id = person and e.actor_id is null))
      )
      select count(*)::integer, max(next.position) into seen, last from next;
      perform set_config(name, 'on', true) from pg_settings where name in ('enable_sort', 'enable_incremental_sort');
    end $function$
CREATE OR REPLACE FUNCTION latchkey.forget_proofs()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    begin
      if new.phone_number is distinct from old.phone_number then
        if new.phone_proved_at is not distinct from old.phone_proved_at then new.phone_proved_at := null; end if;
        if new.phone_vouched_at is not distinct from old.phone_vouched_at then new.phone_vouched_at := null; end if;
      end if;
      if new.email_key is distinct from old.email_key then
        if new.email_proved_at is not distinct from old.email_proved_at then new.email_proved_at := null; end if;
        if new.email_vouched_at is not distinct from old.email_vouched_at then new.email_vouched_at := null; end if;
      end if;
      return new;
    end $function$
CREATE OR REPLACE FUNCTION latchkey.holds_rights(person uuid)
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE PARALLEL SAFE
AS $function$
    begin
      return exists (select from latchkey.user_permissions p where p.user_id = person)
        or exists (
          select from latchkey.user_groups m join latchkey.group_permissions g on g.group_id = m.group_id
          where m.user_id = person
        );
    end $function$
CREATE OR REPLACE FUNCTION latchkey.note_consent()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    declare
      present boolean;
      known boolean;
    begin
      select u.is_approved_to_be_in_touch into present from latchkey.users u where u.id = new.id;
      select c.is_given into known from latchkey.consents c
        where c.user_id = new.id and c.purpose = 'contact' order by c.position desc limit 1;
      if present is not null and present <> coalesce(known, false) then
        insert into latchkey.consents (user_id, purpose, is_given, decided_by, source)
          values (new.id, 'contact', present, 'unknown', 'unknown');
      end if;
      return null;
    end $function$
CREATE OR REPLACE FUNCTION latchkey.note_erasure()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    begin
      insert into latchkey.erased_users (digest) values (sha256(convert_to(old.id::text, 'UTF8')))
        on conflict do nothing;
      return null;
    end $function$
CREATE OR REPLACE FUNCTION latchkey.now()
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$select pg_catalog.now()$function$
CREATE OR REPLACE FUNCTION latchkey.one_keyboard(key text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN ((key COLLATE "C") ~ 'ی|ى|ک|ڪ|ۀ|ۂ|ہ|ە|ھ|ۃ|ݢ|ǝ|ș|ț|ʻ|ӏ|װ|ױ|ײ|เเ|ๅ|ํ่|ํ้|ํ๊|ํ๋|ເເ|ໍ່|ໍ້|ໍ໊|ໍ໋|េា|េី|្ដ|ൺ|ൻ|ർ|ൽ|ൾ|ൿ|ৎ|ஶ்ரீ'::text) THEN NORMALIZE(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(key, 'ی'::text, 'ي'::text), 'ى'::text, 'ي'::text), 'ک'::text, 'ك'::text), 'ڪ'::text, 'ك'::text), 'ۀ'::text, 'هٔ'::text), 'ۂ'::text, 'هٔ'::text), 'ہ'::text, 'ه'::text), 'ە'::text, 'ه'::text), 'ھ'::text, 'ه'::text), 'ۃ'::text, 'ة'::text), 'ݢ'::text, 'ڬ'::text), 'ǝ'::text, 'ə'::text), 'ș'::text, 'ş'::text), 'ț'::text, 'ţ'::text), 'ʻ'::text, 'ʼ'::text), 'ӏ'::text, 'і'::text), 'װ'::text, 'וו'::text), 'ױ'::text, 'וי'::text), 'ײ'::text, 'יי'::text), 'เเ'::text, 'แ'::text), 'ๅ'::text, 'า'::text), 'ํ่'::text, '่ํ'::text), 'ํ้'::text, '้ํ'::text), 'ํ๊'::text, '๊ํ'::text), 'ํ๋'::text, '๋ํ'::text), 'ເເ'::text, 'ແ'::text), 'ໍ່'::text, '່ໍ'::text), 'ໍ້'::text, '້ໍ'::text), 'ໍ໊'::text, '໊ໍ'::text), 'ໍ໋'::text, '໋ໍ'::text), 'េា'::text, 'ោ'::text), 'េី'::text, 'ើ'::text), '្ដ'::text, '្ត'::text), 'ൺ'::text, 'ണ്'::text), 'ൻ'::text, 'ന്'::text), 'ർ'::text, 'ര്'::text), 'ൽ'::text, 'ല്'::text), 'ൾ'::text, 'ള്'::text), 'ൿ'::text, 'ക്'::text), 'ৎ'::text, 'ত্'::text), 'ஶ்ரீ'::text, 'ஸ்ரீ'::text), NFC) ELSE NULL::text END
CREATE TRIGGER bury_imported_user BEFORE DELETE ON latchkey.users FOR EACH ROW EXECUTE FUNCTION bury_imported_user()
CREATE TRIGGER copy_member BEFORE INSERT OR UPDATE OF user_id ON latchkey.user_groups FOR EACH ROW EXECUTE FUNCTION copy_member()
CREATE TRIGGER copy_to_members AFTER UPDATE ON latchkey.users FOR EACH ROW WHEN (((((old.standing IS DISTINCT FROM new.standing) OR (old.username_key IS DISTINCT FROM new.username_key)) OR (old.phone_number IS DISTINCT FROM new.phone_number)) OR (old.email_key IS DISTINCT FROM new.email_key))) EXECUTE FUNCTION copy_to_members()
CREATE TRIGGER forget_proofs BEFORE UPDATE ON latchkey.users FOR EACH ROW WHEN (((old.phone_number IS DISTINCT FROM new.phone_number) OR (old.email_key IS DISTINCT FROM new.email_key))) EXECUTE FUNCTION forget_proofs()
CREATE CONSTRAINT TRIGGER note_changed_consent AFTER UPDATE OF is_approved_to_be_in_touch ON latchkey.users DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((new.is_approved_to_be_in_touch IS DISTINCT FROM old.is_approved_to_be_in_touch)) EXECUTE FUNCTION note_consent()
CREATE CONSTRAINT TRIGGER note_consent_of_new AFTER INSERT ON latchkey.users DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (new.is_approved_to_be_in_touch) EXECUTE FUNCTION note_consent()
CREATE TRIGGER note_erasure AFTER DELETE ON latchkey.users FOR EACH ROW EXECUTE FUNCTION note_erasure()
