import { unixSeconds } from '../../node/clock';
import { editMembers, scanMembers } from '../json-edit';
import type { FinalInfo } from '../upstream';

/** What enable_debug shows: the timings of worker, proxy and this client; unix seconds. */
export function clientDebug(
  final: FinalInfo,
  times: { startMs: number; headMs: number; endMs: number },
): Record<string, unknown> {
  return {
    proxy: parseDebug(final.proxyDebug),
    worker: parseDebug(final.workerDebug),
    client: {
      type: 'client_stats',
      start_time: Number(unixSeconds(times.startMs)),
      answer_receive_start_at: Number(unixSeconds(times.headMs)),
      answer_receive_end_at: Number(unixSeconds(times.endMs)),
    },
  };
}

/** Debug texts come from peers: anything that is no JSON is shown as text instead of being believed. */
function parseDebug(text: string | undefined): unknown {
  if (text === undefined || text === '') return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** Adds "debug" to a JSON object body, everything else untouched. A body of another kind is returned as it is. */
export function insertDebug(body: Buffer | string, debug: Record<string, unknown>): Buffer | string {
  const text = body.toString();
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return body;
  } catch {
    return body;
  }
  const edited = editMembers(text, scanMembers(text), new Set(), new Map([['debug', JSON.stringify(debug)]]));
  return edited ?? body;
}
