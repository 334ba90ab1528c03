import { Reconcile } from '../../../src/reconcile/reconcile.js';
import { Takeover } from '../../../src/takeover/takeover.js';
import type { Action, ModelRecord, State } from '../model.js';
import type { Need } from '../world.js';
import type { Operation } from './operation.js';

const quiet = { onFinding: () => undefined, onProgress: () => undefined };

/**
 * `npm run reconcile -- --apply`. What is there from before the run is old, and all else is new. Whether it mends something
 * that changes meanwhile is not promised; that it mends nothing wrongly is.
 *
 * @param needs what there is to be mended, or left alone
 */
export function reconcile(...needs: readonly Need[]): Operation {
  const pending = needs.filter((need) => need === 'pending' || need === 'uploaded');
  return {
    ...{ title: 'reconcile', touches: ['objects'], needs },
    async perform({ runCommand }) {
      await runCommand(({ dynamo, store, config }) =>
        new Reconcile(dynamo, store, config, {
          ...{ apply: true, olderThanHours: 24, maxDeletions: 100_000 },
          ...quiet,
        }).run(),
      );
      return 'done';
    },
    models: (name) => [[() => 'done'], [...pending.flatMap((record) => judge(name, record)), () => 'done']],
  };
}

/** `npm run takeover -- --apply` */
export function takeover(): Operation {
  return {
    title: 'takeover',
    touches: ['account', 'mailbox'],
    needs: ['unclaimed'],
    async perform({ runCommand }) {
      await runCommand(({ dynamo, config }) =>
        new Takeover(dynamo, config.tables, { apply: true, ...quiet }).run(),
      );
      return 'done';
    },
    models: () => [[() => 'done']],
  };
}

/** An old pending record whose audio is there becomes ready, and one without goes, if it is as it was looked at. */
function judge(name: string, record: string): Action[] {
  return [
    (state) => void (state.notes[name] = structuredClone(state.records[record])),
    (state) => {
      const [then, now] = [noted(state, name), state.records[record]];
      if (!now || now.isReady) return undefined;
      if (then?.hasObject) {
        now.isReady = true;
        now.version++;
      } else if (now.version === then?.version) {
        if (now.hasObject) state.leftovers[record] = true;
        delete state.records[record];
      }
      return undefined;
    },
  ];
}

function noted({ notes }: State, name: string): ModelRecord | undefined {
  return notes[name] as ModelRecord | undefined;
}
