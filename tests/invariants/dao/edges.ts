import type { Address } from '@ton/core';
import { DAY, epochOf } from './cast';
import type { Scene } from './scene';

/** Farther away than this, time does not jump. */
const FARTHEST = 4 * DAY;

/** The next time at which the receiver begins to answer otherwise; undefined: none is near. */
export function nextEdge(scene: Scene, to: Address): number | undefined {
  const { now } = scene.pool;
  const near = edgesOf(scene, to).filter((time) => time > now && time <= now + FARTHEST);
  return near.length === 0 ? undefined : Math.min(...near);
}

function edgesOf(scene: Scene, to: Address): number[] {
  const contract = scene.cast.at(to);
  if (contract?.kind === 'vault' && scene.pool.isLive(to)) {
    return [...scene.vault().operations.values()].flatMap(({ eta, expires }) => [eta, expires]);
  }
  if (contract?.kind === 'proposal') {
    const { startAt, endAt } = scene.proposal(contract.number) ?? { startAt: 0, endAt: 0 };
    return [startAt, endAt];
  }
  return [(epochOf(scene.pool.now) + 1) * DAY];
}
