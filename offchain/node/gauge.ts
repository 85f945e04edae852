import { Gauge, type Registry } from 'prom-client';

/** A gauge whose value is read when somebody asks for the metrics. */
export function liveGauge(registry: Registry, name: string, help: string, read: () => number): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read());
    },
  });
}
