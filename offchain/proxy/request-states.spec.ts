import fc from 'fast-check';
import {
  FINAL_STATES,
  isFinal,
  type RequestEvent,
  type RequestState,
  TRANSITIONS,
  type Transition,
} from './request-states';

const EVENTS: RequestEvent[] = [
  'assigned',
  'refused',
  'head',
  'lastHead',
  'part',
  'lastPart',
  'workerError',
  'workerStopped',
  'workerLost',
  'cancel',
  'timeout',
  'violation',
];

const walk = (events: RequestEvent[]) => {
  let state: RequestState = 'queued';
  const effects: string[] = [];
  for (const event of events) {
    const transition: Transition | undefined = TRANSITIONS[state][event];
    if (!transition) continue;
    state = transition.to;
    effects.push(...transition.effects);
  }
  return { state, effects };
};

describe('request states', () => {
  it('end every path that ends with exactly one settlement or release', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...EVENTS), { maxLength: 20 }), (events) => {
        const { state, effects } = walk(events);
        const ends = effects.filter((effect) => effect === 'settle' || effect === 'release').length;
        expect(ends).toBe(isFinal(state) ? 1 : 0);
        if (state === 'failed' || state === 'cancelled') expect(effects).toContain('sendError');
      }),
      { numRuns: 2000 },
    );
  });

  it('can end from everywhere: time alone is enough', () => {
    for (const state of Object.keys(TRANSITIONS) as RequestState[]) {
      if (isFinal(state)) continue;
      const first = TRANSITIONS[state].timeout;
      expect(first).toBeDefined();
      expect(isFinal(first!.to) || isFinal(TRANSITIONS[first!.to].timeout!.to)).toBe(true);
    }
  });

  it('let nothing happen after the end', () => {
    for (const state of FINAL_STATES) expect(TRANSITIONS[state]).toEqual({});
  });

  it('send no answer frame to a client that cancelled', () => {
    const { effects } = walk(['assigned', 'head', 'cancel', 'part', 'part', 'lastPart']);
    expect(effects).toEqual(['forward', 'sendHead', 'stopWorker', 'settle', 'sendError']);
  });

  it('charge what a worker counted before a cancel or the time limit, and nothing for its own failures', () => {
    expect(walk(['assigned', 'head', 'cancel', 'workerStopped']).effects).toContain('settle');
    expect(walk(['assigned', 'head', 'workerStopped']).effects).toContain('settle');
    expect(walk(['assigned', 'head', 'workerError']).effects).not.toContain('settle');
    expect(walk(['assigned', 'workerLost']).effects).toEqual(['forward', 'release', 'sendError']);
  });

  it('fail answer frames out of order', () => {
    for (const events of [
      ['assigned', 'part'],
      ['assigned', 'lastPart'],
      ['assigned', 'head', 'head'],
      ['assigned', 'head', 'lastHead'],
    ] as RequestEvent[][]) {
      const { state, effects } = walk(events);
      expect(state).toBe('failed');
      expect(effects).toContain('dropWorker');
    }
  });
});
