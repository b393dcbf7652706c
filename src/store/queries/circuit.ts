import type { ConnectionFault } from '../../domain/circuit.ts'
import type { Client } from '../ask.ts'
import { run, type Statement } from '../sql.ts'

/**
 * Counts a fault, and opens the circuit where it is one too many. While it is open nothing is counted: those are the
 * sends that were under way, and would put off the next trial. Answers whether it is open now, and whether another
 * connection of the channel is not.
 */
const FAIL: Statement = {
  name: 'circuit_fail',
  text: `WITH failed AS (
      INSERT INTO provider_circuit AS c (connection_id, workspace_id, failures, open_until, code, failed_at)
      SELECT id, workspace_id, 1, CASE WHEN $3 <= 1 THEN clock_timestamp() + $4::float8 * interval '1 millisecond' END, $2, clock_timestamp() FROM provider_connection WHERE id = $1
      ON CONFLICT (connection_id) DO UPDATE SET failures = c.failures + 1, code = $2, failed_at = clock_timestamp(),
        open_until = CASE WHEN c.failures + 1 >= $3 THEN clock_timestamp() + least($5::float8, $4::float8 * power(2, least(c.failures + 1 - $3, 20))) * interval '1 millisecond' END
        WHERE c.open_until IS NULL OR c.open_until <= clock_timestamp()
      RETURNING open_until)
    SELECT coalesce((SELECT open_until FROM failed), (SELECT open_until FROM provider_circuit WHERE connection_id = p.id AND NOT EXISTS (SELECT FROM failed))) > clock_timestamp() AS open,
      EXISTS (SELECT FROM provider_connection AS o LEFT JOIN provider_circuit AS c ON c.connection_id = o.id
        WHERE o.workspace_id = p.workspace_id AND o.channel = p.channel AND o.disabled_at IS NULL AND o.id <> p.id AND coalesce(c.open_until <= clock_timestamp(), true)) AS spare
    FROM provider_connection AS p WHERE p.id = $1`,
}

export async function recordFault(client: Client, connectionId: string, fault: ConnectionFault): Promise<{ open: boolean; spare: boolean }> {
  const { code, opensAfter, openFor, atMost } = fault
  const [found] = await run<{ open: boolean | null; spare: boolean }>(client, FAIL, [connectionId, code, opensAfter, openFor, atMost])
  return { open: found?.open ?? false, spare: found?.spare ?? false }
}

/** A success closes the circuit, unless it has opened since: that one was sent before. The last fault stays to be seen. */
const SUCCEED: Statement = {
  name: 'circuit_succeed',
  text: `UPDATE provider_circuit SET failures = 0, open_until = NULL WHERE connection_id = $1 AND failures > 0 AND (open_until IS NULL OR open_until <= clock_timestamp())`,
}

export async function recordSuccess(client: Client, connectionId: string): Promise<void> {
  await run(client, SUCCEED, [connectionId])
}
