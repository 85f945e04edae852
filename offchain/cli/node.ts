import type { Logger } from 'pino';
import { type RoleFlags, type Running, readConfigFile, runRole } from './role';

export type NodeRole = 'client' | 'proxy' | 'worker';

export interface NodeFlags extends RoleFlags {
  /** The file that stands in for the root contract where there is no chain. */
  disableTon?: string;
  policy?: string;
  checkProxyHashes?: boolean;
  checkWorkerHashes?: boolean;
  listenWorkers?: string;
  listenClients?: string;
}

/** Only the one that runs is loaded. `require`, because tsx leaves a dynamic import() to Node, which wants extensions. */
const START = {
  client: () => (require('../client/index') as typeof import('../client/index')).startClient,
  proxy: () => (require('../proxy/index') as typeof import('../proxy/index')).startProxy,
  worker: () => (require('../worker/index') as typeof import('../worker/index')).startWorker,
};

/** Runs one of the three nodes of the network, as its configuration and the command line say. */
export async function runNode(role: NodeRole, flags: NodeFlags): Promise<void> {
  const { disableTon: rootFile } = flags;
  const start = async (logger: Logger) =>
    START[role]()(withFlags(readConfigFile(flags.config, `${role}-config.json`), flags), {
      logger,
      ...(rootFile === undefined ? {} : { rootFile }),
    });
  await runRole<Running & { httpPort: number }>(role, flags, start, ({ httpPort }) => `http://127.0.0.1:${httpPort}`);
}

/** The configuration with what the command line says put over it. */
export function withFlags(config: unknown, flags: NodeFlags): unknown {
  if (typeof config !== 'object' || config === null || Array.isArray(config)) return config;
  const said = {
    policy: flags.policy,
    check_proxy_hashes: flags.checkProxyHashes,
    check_worker_hashes: flags.checkWorkerHashes,
    listen_workers: flags.listenWorkers,
    listen_clients: flags.listenClients,
  };
  const over = Object.entries(said).filter(([, value]) => value !== undefined);
  return { ...config, ...Object.fromEntries(over) };
}
