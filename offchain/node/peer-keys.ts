import { isIPv4, isIPv6 } from 'node:net';
import { z } from 'zod';
import { policySchema } from '../tee';
import { ConfigError } from './config-error';

const { policy, ...lists } = policySchema.shape;
const bits = z.number().int().min(0).max(64);

/** How a node proves itself to its peers and what it asks of them; keys of every role. Those of attestation are the tee's. */
export const peerKeys = {
  ...lists,
  /** What peers must attest. Default: tdx where image hashes are checked, else any. */
  policy: policy.optional(),
  /**
   * attested: as on the live network, directly (proof of work, TLS) or through a router on this machine. plain: in clear and without
   * attestation, between processes of one machine only.
   */
  transport: z.enum(['attested', 'plain']).default('attested'),
  /** What this node attests with. auto: a real quote where the machine can make one, else a fake one in a test network, else none. */
  attestation: z.enum(['auto', 'tdx', 'fake_tdx', 'none']).default('auto'),
  /** Where the kernel makes quotes; default where Linux has it. */
  tsm_report_dir: z.string().min(1).optional(),
};

export const dialerPeerKeys = {
  ...peerKeys,
  /** The most work this node does for whoever it dials, in leading zero bits. */
  max_pow_difficulty: bits.default(28),
};

export const proxyPeerKeys = {
  ...peerKeys,
  /** Where to do proof of work and TLS itself, "ip:port". Without them peers come through a router on this machine only. */
  listen_workers: z.string().optional(),
  listen_clients: z.string().optional(),
  /** Where one policy for everybody will not do. */
  workers_policy: policy.optional(),
  clients_policy: policy.optional(),
  /** The work asked of whoever dials this node, in leading zero bits. */
  pow_difficulty: bits.default(20),
};

/**
 * "ip:port", with an IPv6 address in brackets.
 * @throws ConfigError naming the key
 */
export function parseSocketAddress(key: string, text: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2] ?? '';
  const port = Number(match?.[3]);
  const known = match?.[1] === undefined ? isIPv4(host) || host === 'localhost' : isIPv6(host);
  if (known && port <= 65_535) return { host, port };
  throw new ConfigError(key, `${JSON.stringify(text)} is not an IP address and a port, such as 127.0.0.1:8116`);
}
