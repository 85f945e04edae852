import { modelHash } from '@cocoon/sdk';
import type { PeerIdentity } from '../transport';
import type { RootConfig } from './root-watch';

/** What the root's lists say of a peer or a model, as they are now. */

/** @returns why the peer is not accepted where images are checked, undefined where it is */
export function imageProblem(
  root: Pick<RootConfig, 'proxyHashes' | 'workerHashes' | 'checkImages'>,
  role: 'proxy' | 'worker',
  { imageHash }: Pick<PeerIdentity, 'imageHash'>,
): string | undefined {
  if (!root.checkImages) return undefined;
  const hash = imageHash?.toString('hex');
  if (hash === undefined) return `the ${role} attests no image`;
  if (root[`${role}Hashes`].has(hash)) return undefined;
  return `the image ${hash} of the ${role} is not on the root's list`;
}

/** @param model full name: "base@commit:verity" */
export function modelProblem(root: Pick<RootConfig, 'modelHashes'>, model: string): string | undefined {
  const hash = modelHash(model).toString('hex');
  return root.modelHashes.has(hash) ? undefined : `the model "${model}" (hash ${hash}) is not on the root's list`;
}
