import { integer, json, text, timestamp } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { platform } from './source.ts'

export const Experiment = declareEntity(platform.name, 'Experiment', {
  table: 'experiments',
  description: 'A group of training jobs that are compared with each other; one MLflow experiment each.',
  key: 'id',
  columns: {
    id: integer('Key in the platform database.'),
    project_id: integer('Key of its project.'),
    name: text('What people call it.'),
    description: text('What is being tried.'),
    tags: json('Free labels, a list of texts.'),
    mlflow_experiment_id: text('Id in the MLflow server.'),
    mlflow_experiment_name: text('Name in the MLflow server.'),
    num_runs: integer('Training jobs in it, as the platform counted last.'),
    num_completed_runs: integer('Training jobs in it that ended well, as the platform counted last.'),
    best_metrics: json('Best value of each metric over its runs, as the platform computed last.'),
    created_at: timestamp('When it was made.'),
    updated_at: timestamp('When it was last changed.'),
  },
  relations: {
    project: {
      to: 'Project',
      by: 'project_id',
      description: 'The project it belongs to.',
      inverse: { name: 'experiments', description: 'Experiments of this project.' },
    },
  },
  defaultOrder: [{ column: 'updated_at', direction: 'DESC' }],
})
