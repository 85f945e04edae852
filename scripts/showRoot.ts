import { parseRootData } from '@cocoon/sdk';
import { paramsRows } from './lib/format';
import { showScript } from './lib/show';

/** Prints the root: owner, terms, registered proxies, allowed images and models. */
export const run = showScript('root', (data) => {
  const root = parseRootData(data);
  const hashes = (name: string, set: ReadonlySet<string>) =>
    set.size === 0 ? ([[name, 'none']] as const) : [...set].map((hash) => [name, hash] as const);
  return [
    ['owner', root.owner.toString()],
    ['version', root.version],
    ...paramsRows(root.params),
    ['last proxy seqno', root.lastProxySeqno],
    ...[...root.registeredProxies].map(([seqno, info]) => [`proxy ${seqno}`, info] as const),
    ...hashes('proxy image', root.proxyHashes),
    ...hashes('worker image', root.workerHashes),
    ...hashes('model', root.modelHashes),
  ];
});
