import pino from 'pino';

const MAX_KEPT_BYTES = 1 << 20;

/**
 * Where a runner logs. A full disk must not end a process that moves money only because a line cannot be written:
 * lines are kept, up to 1 MiB, and follow when writing works again.
 */
export function logDestination(fd: number): pino.DestinationStream {
  const destination = pino.destination({ dest: fd, sync: true, maxLength: MAX_KEPT_BYTES });
  destination.on('error', () => undefined); // nowhere to tell it: this is the log
  return destination;
}
