import { isIPv4, isIPv6 } from 'node:net';
import { z } from 'zod';
import { ConfigError } from './config-error';

export const policyKey = z.enum(['any', 'fake_tdx', 'tdx']);
const bits = z.number().int().min(0).max(64);

/** How a node proves itself to its peers and what it asks of them; keys of every role. */
export const peerKeys = {
  /**
   * attested: as on the live network, directly (proof of work, TLS) or through a router on this machine. plain: in clear and without
   * attestation, between processes of one machine only.
   */
  transport: z.enum(['attested', 'plain']).default('attested'),
  /** What this node attests with. auto: a real quote where the machine can make one, else a fake one in a test network, else none. */
  attestation: z.enum(['auto', 'tdx', 'fake_tdx', 'none']).default('auto'),
  /** What peers must attest. Default: tdx where image hashes are checked, else any. */
  policy: policyKey.optional(),
  /** Where the kernel makes quotes. */
  tsm_report_dir: z.string().min(1).default('/sys/kernel/config/tsm/report'),
  /** Where the collateral that quotes are verified with comes from. */
  pccs_url: z.url({ protocol: /^https?$/, error: 'must be the http(s) URL of a PCCS' }).optional(),
  /** Keeps fetched collateral over restarts. It is verified whenever it is used. */
  collateral_dir: z.string().min(1).optional(),
  /** Beside UpToDate. */
  allowed_tcb_statuses: z.array(z.string()).default([]),
  /** The most work this node does for whoever it dials, in leading zero bits. */
  max_pow_difficulty: bits.default(28),
  /** The work it asks of whoever dials it. */
  pow_difficulty: bits.default(20),
};

export type PeerKeys = { [K in keyof typeof peerKeys]: z.output<(typeof peerKeys)[K]> };

/**
 * "ip:port", with an IPv6 address in brackets.
 * @throws ConfigError naming the key
 */
export function parseListenAddress(key: string, text: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2] ?? '';
  const port = Number(match?.[3]);
  const known = match?.[1] === undefined ? isIPv4(host) || host === 'localhost' : isIPv6(host);
  if (!known || !(port <= 65_535)) {
    throw new ConfigError(key, `${JSON.stringify(text)} is not an address of this machine such as 0.0.0.0:11001`);
  }
  return { host, port };
}
