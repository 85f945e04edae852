import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../node/clock';
import { RootWatch } from '../../node/root-watch';
import { dial, plain, type TransportSecurity } from '../../transport';
import { Channels } from '../channels';
import { ProxySession, secretHash } from '../session';
import { FakeChain, FakeWallet, ROOT, WALLET } from './fake-network';
import { FakeProxy } from './fake-proxy';
import { silentLogger } from './start-gateway';

/** What the client shows a proxy that knows its hash. */
export const SECRET = Buffer.from('a secret of at least some length');

export interface World {
  chain: FakeChain;
  wallet: FakeWallet;
  proxy: FakeProxy;
  channels: Channels;
  stateDir: string;
  /** The client reads the root again. */
  rereadRoot(): Promise<void>;
  connect(): Promise<ProxySession>;
  close(): Promise<void>;
}

/** A chain, a wallet and a proxy for one client; every session of it ends with close(). */
export async function world(minBackedStake?: bigint, security: TransportSecurity = plain): Promise<World> {
  const chain = new FakeChain();
  const wallet = new FakeWallet(chain);
  const proxy = new FakeProxy(chain);
  wallet.onRegister = (nonce) => proxy.registered(nonce);
  const port = await proxy.start();
  chain.publishRoot(proxy.endpoint);
  const root = new RootWatch({
    chain,
    address: ROOT,
    isTest: true,
    // Over the others nobody attests an image.
    checkImages: security.name === 'imaged',
    refreshMs: 1e6,
    retryMs: 1e6,
    clock: systemClock,
    logger: silentLogger,
    onChange: () => undefined,
  });
  const config = await root.refresh();
  const stateDir = mkdtempSync(join(tmpdir(), 'cocoon-session-'));
  const channels = new Channels({
    chain,
    wallet,
    stateDir,
    secretHash: secretHash(SECRET),
    minBackedStake,
    logger: silentLogger,
    clock: systemClock,
    intervalMs: 1e6,
    paramsVersion: () => config.params.paramsVersion,
    inUse: () => true,
  });
  const sessions: ProxySession[] = [];
  const connect = async () => {
    let session: ProxySession | undefined;
    const connection = await dial({
      host: '127.0.0.1',
      port,
      security,
      logger: silentLogger,
      onConnection: (link) => {
        session = new ProxySession(link, {
          channelFor: (terms) => channels.for(terms),
          root: () => root.known,
          identity: () => ({
            wallet: WALLET,
            root: ROOT,
            isTest: true,
            isTestnet: false,
            params: root.known.params,
            chain,
            hasChannel: (client) => channels.has(client),
          }),
          secret: SECRET,
          clock: systemClock,
          paymentStatusIntervalMs: 1e6,
          logger: silentLogger,
        });
        return {
          onMessage: (message) => session?.onMessage(message),
          onQuery: async () => undefined,
          onClose: (reason) => session?.onClose(reason),
        };
      },
    });
    const opened = session as ProxySession;
    sessions.push(opened);
    await opened.open().catch((error: Error) => {
      connection.close(error);
      throw error;
    });
    return opened;
  };
  const close = async () => {
    for (const session of sessions) session.fail(new Error('end of the test'));
    await channels.stop();
    await proxy.close();
  };
  const rereadRoot = async () => void (await root.refresh());
  return { chain, wallet, proxy, channels, stateDir, rereadRoot, connect, close };
}
