import { integer, oneOf, text, unixSeconds } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { enumeration } from '../../graph/enumeration.ts'
import { skypilot } from './source.ts'

const SkyClusterStatus = enumeration('SkyClusterStatus', 'What state SkyPilot takes a cluster to be in.', {
  INIT: { stored: 'INIT', description: 'Is being made, or in a state that SkyPilot does not know.' },
  UP: { stored: 'UP', description: 'Runs.' },
  STOPPED: { stored: 'STOPPED', description: 'Stopped; its disks are kept.' },
})

export const SkyCluster = declareEntity(skypilot.name, 'SkyCluster', {
  table: 'clusters',
  description: 'A cluster that SkyPilot has launched. It is gone from here when it is terminated.',
  key: 'name',
  columns: {
    name: text('Key in the skypilot database: the cluster’s name.'),
    launched_at: unixSeconds('When it was launched last.'),
    last_use: text('The command that used it last.'),
    status: oneOf(SkyClusterStatus, 'What state it is in.'),
    autostop: integer('Idle minutes after which it stops; -1 where it does not.'),
    to_down: integer('1 where it is terminated instead of stopped when it has been idle.'),
    metadata: text('What SkyPilot notes of it, as JSON text.'),
    owner: text('The cloud account that owns it, as SkyPilot writes it.'),
    cluster_hash: text('SkyPilot’s identifier of it, new at each launch.', { name: 'hash' }),
    cluster_ever_up: integer('1 where it has been up before.', { name: 'everUp' }),
    status_updated_at: unixSeconds('When its state was last looked up.'),
    config_hash: text('Digest of the configuration that it was made from.'),
    user_hash: text('SkyPilot’s identifier of the user who launched it.'),
    workspace: text('The workspace that it belongs to.'),
    last_creation_yaml: text(
      'The task that it was last launched with; may hold secrets of its environment.',
      {
        internal: true,
      },
    ),
    last_creation_command: text('The command that it was last launched with.', { internal: true }),
    is_managed: integer('1 where SkyPilot’s own controllers made it.'),
    provision_log_path: text('Where the log of its launch lies.', { internal: true }),
  },
  defaultOrder: [{ column: 'launched_at', direction: 'DESC' }],
  live: { kind: 'state' },
})
