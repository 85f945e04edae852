import type { Logger } from 'pino';
import { parseSocketAddress } from '../node/peer-keys';
import type { PeerTransport } from '../node/peer-transport';
import { plain, sideCar } from '../transport';
import type { ProxyConfig } from './config';
import type { Doorway } from './peers';

/**
 * Where peers come in. The two loopback ports are the live network's, behind a router on this machine (or in clear, for a network that
 * is all on it); listen_workers and listen_clients are ours: proof of work and attested TLS without a router.
 * @throws ConfigError, AttestationError
 */
export async function openDoorways(config: ProxyConfig, transport: PeerTransport, logger: Logger): Promise<Doorway[]> {
  const { rpc_host: host, workers_rpc_port, client_rpc_port, pow_difficulty: difficulty } = config;
  const security = config.transport === 'plain' ? plain : sideCar({});
  const doorways: Doorway[] = [
    { role: 'workers', host, port: workers_rpc_port, security, hostKey: 'rpc_host', portKey: 'workers_rpc_port' },
    { role: 'clients', host, port: client_rpc_port, security, hostKey: 'rpc_host', portKey: 'client_rpc_port' },
  ];
  const direct = [
    // Whoever sells answers must show what it runs; whoever buys them need not.
    { role: 'workers', key: 'listen_workers', policy: config.workers_policy ?? transport.policy },
    { role: 'clients', key: 'listen_clients', policy: config.clients_policy ?? config.policy ?? 'any' },
  ] as const;
  for (const { role, key, policy } of direct) {
    const text = config[key];
    if (text === undefined) continue;
    const address = parseSocketAddress(key, text);
    const attested = await transport.attested(policy, { difficulty });
    logger.info({ ...address, role, policy }, 'taking peers directly');
    doorways.push({ role, ...address, security: attested, hostKey: key, portKey: key });
  }
  return doorways;
}
