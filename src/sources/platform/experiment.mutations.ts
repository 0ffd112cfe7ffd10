import sql from 'sql-template-tag'
import { keyOfId, optionalText, requiredText, tagList } from '../../graph/checked-input.ts'
import { claim } from '../../graph/claim.ts'
import { alteration, creation, deletion } from '../../graph/row-mutation.ts'
import { inTransaction } from '../../graph/transaction.ts'
import { insertRow, requireChange, updateRow, utcNow } from '../../graph/write.ts'
import { Experiment } from './experiment.ts'
import { permissionsOf } from './permission.ts'
import { Project } from './project.ts'

creation('createExperiment', {
  description:
    'Makes an experiment in a project. For its owner, its members but viewers and guests, administrators.',
  of: Experiment,
  input: (t) => ({
    project: t.id({ required: true, description: 'The `id` of the project.' }),
    name: t.string({ required: true, description: 'What people call it; 200 characters at most.' }),
    description: t.string({ description: 'What is being tried.' }),
    tags: t.stringList({ description: 'Free labels.' }),
  }),
  prepare: async (input, { context, principal }) => {
    const project = keyOfId(Project, input.project, 'project')
    const values = {
      project_id: project,
      name: requiredText(input.name, 'name', 200),
      description: optionalText(input.description, 'description'),
      tags: tagList(input.tags ?? [], 'tags'),
      num_runs: 0,
      num_completed_runs: 0,
      created_at: utcNow,
      updated_at: utcNow,
    }
    const { inProject: may } = await permissionsOf(context, principal)
    return (id) =>
      inTransaction(context, Experiment.source, async (run) => {
        await claim(run, context, { entity: Project, key: project, lock: 'KEY SHARE', may })
        await insertRow(run, Experiment, { id, ...values })
      })
  },
})

alteration('updateExperiment', {
  description:
    'Changes what an experiment says of itself. For the project’s owner, its members but viewers and guests, administrators.',
  of: Experiment,
  input: (t) => ({
    name: t.string({ description: 'What people call it; 200 characters at most.' }),
    description: t.string({ description: 'What is being tried; null takes it away.' }),
    tags: t.stringList({ description: 'Free labels, in the place of those before.' }),
  }),
  run: async (key, input, { context, principal }) => {
    const values = {
      name: requiredText(input.name, 'name', 200),
      description: optionalText(input.description, 'description'),
      tags: tagList(input.tags, 'tags'),
    }
    requireChange(values)
    const { experiment: may } = await permissionsOf(context, principal)
    await inTransaction(context, Experiment.source, async (run) => {
      await claim(run, context, { entity: Experiment, key, lock: 'NO KEY UPDATE', may })
      await updateRow(run, Experiment, { key, values: { ...values, updated_at: utcNow } })
    })
  },
})

deletion('deleteExperiment', {
  description:
    'Deletes an experiment; its training jobs stay, without one. For the project’s owner, its members but viewers and guests, administrators.',
  of: Experiment,
  run: async (key, { context, principal }) => {
    const { experiment: may } = await permissionsOf(context, principal)
    await inTransaction(context, Experiment.source, async (run) => {
      await claim(run, context, { entity: Experiment, key, lock: 'UPDATE', may })
      await run(sql`DELETE FROM public.experiments WHERE id = ${key}`)
    })
  },
})
