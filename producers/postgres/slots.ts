import { createHash } from 'node:crypto';
import { type Client, escapeIdentifier, escapeLiteral } from 'pg';
import { z } from 'zod';
import { StreamError } from '../../pipeline/errors.ts';
import { captureSchema } from './capture.ts';
import type { PostgresSource } from './options.ts';
import { queryRows } from './rows.ts';

/** Publication of the outbox. */
export const publication = 'purview_streams';

/** Statements that let the outbox be read by logical replication. They may run again. */
export const publishStatements: readonly string[] = [
  `DO $body$
BEGIN
  IF current_setting('wal_level') <> 'logical' THEN
    RAISE EXCEPTION 'wal_level is %, and logical replication needs logical', current_setting('wal_level')
      USING HINT = 'ALTER SYSTEM SET wal_level = logical, and restart the server; managed servers have a parameter for it. Or leave out follow: replication.';
  END IF;
  IF NOT EXISTS (SELECT FROM pg_publication WHERE pubname = '${publication}') THEN
    CREATE PUBLICATION ${escapeIdentifier(publication)} FOR TABLE ${captureSchema}.ddl_outbox WITH (publish = 'insert');
  END IF;
END
$body$`,
];

/** Statement that removes the publication again. */
export const unpublishStatement = `DROP PUBLICATION IF EXISTS ${escapeIdentifier(publication)}`;

/** Name of the slot for a database: slots of all databases of a server share one space of names of 63 small letters, digits and underscores. */
export function slotOf({ slot }: Pick<PostgresSource, 'slot'>, database: string): string {
  const plain = database
    .toLowerCase()
    .replaceAll(/[^a-z0-9_]/g, '_')
    .slice(0, 63 - slot.length - 10);
  const hash =
    plain === database ? '' : `_${createHash('sha256').update(database).digest('hex').slice(0, 8)}`;
  return `${slot}_${plain}${hash}`;
}

/** Drops a slot, which lets the server forget the log that it kept for it. Not within a transaction that writes. */
export function dropSlotStatement(slot: string): string {
  return `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = ${escapeLiteral(slot)} AND plugin = 'pgoutput' AND database = current_database()`;
}

const stateRow = z.object({
  level: z.string(),
  replicates: z.boolean(),
  published: z.boolean(),
  unlimited: z.boolean(),
  behind: z.coerce.number().nullable(),
});
/** What a database says of its logical replication; `behind` in bytes of log, null where there is no slot. */
export type SlotState = z.output<typeof stateRow>;

/** Reads how the slot of a database is. */
export async function readSlot(client: Client, slot: string): Promise<SlotState> {
  const [row] = await queryRows(client, stateRow, {
    query: `SELECT current_setting('wal_level') AS "level",
      (SELECT rolreplication OR rolsuper FROM pg_roles WHERE rolname = current_user) AS "replicates",
      EXISTS (SELECT FROM pg_publication WHERE pubname = '${publication}') AS "published",
      current_setting('max_slot_wal_keep_size') = '-1' AS "unlimited",
      (SELECT pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, confirmed_flush_lsn)::text
       FROM pg_replication_slots WHERE slot_name = $1) AS "behind"`,
    values: [slot],
  });
  if (row === undefined)
    throw new StreamError('SOURCE_INVALID', 'The server does not tell its replication slots.');
  return row;
}

/** Throws SOURCE_REFUSED, with the way out, where a database cannot be followed by logical replication. */
export function requireReplication(
  { level, replicates, published }: SlotState,
  { user, database }: { readonly user: string; readonly database: string },
): void {
  const refuse = (message: string, advice: string): never => {
    throw new StreamError('SOURCE_REFUSED', `${message} (follow: replication, database ${database}).`, {
      advice,
    });
  };
  if (level !== 'logical')
    refuse(
      `wal_level of the server is ${level}, and logical replication needs logical`,
      'ALTER SYSTEM SET wal_level = logical, then restart the server; managed servers have a parameter for it. Or leave out follow: replication.',
    );
  if (!replicates)
    refuse(
      `The role ${user} may not replicate`,
      `ALTER ROLE ${escapeIdentifier(user)} REPLICATION; managed servers have a role to grant. Or leave out follow: replication.`,
    );
  if (!published)
    refuse(
      `There is no publication ${publication}`,
      'Run `produce NAME --install` with this configuration first.',
    );
}
