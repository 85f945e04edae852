import { existsSync } from 'node:fs';
import type { Logger } from 'pino';
import type { z } from 'zod';
import {
  attesterOf,
  CertificateKeeper,
  openPolicy,
  type PolicyConfig,
  type PolicyName,
  policySchema,
  TSM_REPORTS,
} from '../tee';
import { attestedTls, plain, sideCar, type TransportSecurity } from '../transport';
import type { Clock } from './clock';
import { ConfigError } from './config-error';
import { type dialerPeerKeys, parseSocketAddress, type peerKeys } from './peer-keys';

type Nodes = { is_test: boolean; checkHashes: boolean };
export type PeerConfig = z.output<z.ZodObject<typeof peerKeys>> & Nodes;
export type DialerConfig = z.output<z.ZodObject<typeof dialerPeerKeys>> & Nodes & { connect_to_proxy_via: string };

export interface PeerTransportOptions {
  logger: Logger;
  clock: Clock;
  /** Whether peers serve this node with real money only if it attests what it runs. */
  mustAttest: boolean;
}

/** Whether image hashes are checked: as in the live network always, unless this is a test network that does not ask for it. */
export function checksHashes(config: { is_test: boolean }, asked: boolean | undefined): boolean {
  return !config.is_test || asked === true;
}

/** @throws ConfigError */
export function checkPeerConfig({ transport, checkHashes, is_test: isTest }: PeerConfig): void {
  if (transport !== 'plain' || !checkHashes) return;
  const why = isTest ? 'image hashes are to be checked' : 'is_test is false';
  throw new ConfigError(
    'transport',
    `is "plain", which attests nothing, but ${why}. Use "attested", or switch that off in a test network`,
  );
}

/** @throws ConfigError */
export function checkDialerConfig(config: DialerConfig): void {
  checkPeerConfig(config);
  const { connect_to_proxy_via: router } = config;
  if (router !== '') parseSocketAddress('connect_to_proxy_via', router);
}

/** What a node shows to its peers and how it judges them; opened once, shared by all its connections. */
export class PeerTransport {
  readonly #config: PeerConfig;
  readonly #options: PeerTransportOptions;
  readonly #policies: { close(): Promise<void> }[] = [];
  #keeper: Promise<CertificateKeeper> | undefined;

  constructor(config: PeerConfig, options: PeerTransportOptions) {
    this.#config = config;
    this.#options = options;
  }

  /** Towards proxies: in clear on this machine, through a router beside us, or directly. @throws ConfigError, AttestationError */
  async dialer(config: DialerConfig): Promise<TransportSecurity> {
    if (config.connect_to_proxy_via !== '') {
      return sideCar({ router: parseSocketAddress('connect_to_proxy_via', config.connect_to_proxy_via) });
    }
    return this.attested(this.policy, { maxDifficulty: config.max_pow_difficulty });
  }

  /** What this node asks of its peers unless one way in says something else. */
  get policy(): PolicyName {
    return this.#config.policy ?? (this.#config.checkHashes ? 'tdx' : 'any');
  }

  /** @throws ConfigError, AttestationError */
  async attested(policy: PolicyName, pow: { difficulty?: number; maxDifficulty?: number }): Promise<TransportSecurity> {
    if (this.#config.transport === 'plain') return plain;
    this.#keeper ??= this.#openKeeper();
    const certificates = await this.#keeper;
    const { logger, clock } = this.#options;
    const onProblem = (error: Error) => logger.warn({ reason: error.message }, 'attestation');
    const opened = openPolicy({ ...policyOf(this.#config), policy }, { clock, onProblem });
    this.#policies.push(opened);
    return attestedTls({ certificates, verifier: opened.verifier, pow });
  }

  async close(): Promise<void> {
    (await this.#keeper?.catch(() => undefined))?.close(); // whoever opened it has been told why it failed
    await Promise.all(this.#policies.map((policy) => policy.close()));
  }

  #openKeeper(): Promise<CertificateKeeper> {
    const { logger, clock, mustAttest } = this.#options;
    const { is_test: isTest, tsm_report_dir: reports = TSM_REPORTS } = this.#config;
    const kind = this.#attestation(reports);
    if (kind !== 'tdx' && !isTest && mustAttest) {
      throw new ConfigError(
        'attestation',
        `this machine makes no TDX quotes (there is no ${reports}), and is_test is false: peers of the real network accept nobody without. Run in a TDX virtual machine, or set is_test to true`,
      );
    }
    if (kind === 'fake_tdx')
      logger.warn('FAKE ATTESTATION: this node proves nothing about what it runs (test network)');
    const onProblem = (error: Error) =>
      logger.error({ reason: error.message }, 'no new certificate could be made; the present one stays in use');
    return CertificateKeeper.open({ attester: attesterOf(kind, reports), clock, onProblem });
  }

  #attestation(reports: string): 'tdx' | 'fake_tdx' | 'none' {
    const { attestation, is_test: isTest } = this.#config;
    if (attestation === 'fake_tdx' && !isTest)
      throw new ConfigError('attestation', 'is "fake_tdx", which proves nothing, but is_test is false');
    if (attestation !== 'auto') return attestation;
    // Linux has the folder when the kernel can make reports.
    if (existsSync(reports)) return 'tdx';
    return isTest ? 'fake_tdx' : 'none';
  }
}

function policyOf(config: PeerConfig): Omit<PolicyConfig, 'policy'> {
  const keys = Object.keys(policySchema.shape).filter((key) => key !== 'policy') as (keyof PolicyConfig)[];
  return Object.fromEntries(keys.map((key) => [key, config[key]])) as unknown as Omit<PolicyConfig, 'policy'>;
}
