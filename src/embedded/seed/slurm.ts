import { Random } from './random.ts'
import { day, hour, type Moment, minute, now, second, timestamp, timestampOrNull } from './time.ts'

/** Studies whose models are trained in folds, with what their models find. */
export const studies = [
  ['Liver tumour CT', 'tumour'],
  ['Brain MRI lesions', 'lesion'],
  ['Prostate MRI zones', 'peripheral zone'],
  ['Lungenrundherde CT', 'Rundherd'],
  ['膵臓 CT', '膵臓'],
  ['Cardiac cine MRI', 'left ventricle'],
] as const

/** What SLURM says of jobs that failed. */
export const slurmFailures = [
  'OUT_OF_MEMORY',
  'TIMEOUT',
  'NODE_FAIL',
  'CANCELLED by 2104',
  'FAILED (exit code 1:0)',
]
const trainingCount = 320
const predictionCount = 480

interface SlurmRun {
  readonly status: 'PENDING' | 'RUNNING' | 'COMPLETED' | 'FAILED'
  readonly asked: Moment
  readonly started: Moment | null
  readonly ended: Moment | null
}

/** What became of a submission: the newest still wait or run. */
function run(options: { place: number; count: number; longest: number; random: Random }): SlurmRun {
  const { place, count, longest, random } = options
  const old = count - 16
  const recent = place >= old
  const asked = recent
    ? now - (count - place) * 11 * minute
    : Math.floor(now - 200 * day + ((place + random.next()) / old) * 198 * day)
  const status = recent
    ? place >= count - 6
      ? 'PENDING'
      : 'RUNNING'
    : random.weighted({ COMPLETED: 86, FAILED: 12, PENDING: 2 })
  if (status === 'PENDING') return { status, asked, started: null, ended: null }
  const started = asked + random.integer(second, 9 * minute)
  return {
    status,
    asked,
    started,
    ended: status === 'RUNNING' ? null : started + random.integer(minute, longest),
  }
}

/** Rows of the inference database. SLURM's own times have whole seconds; those of the service have microseconds. */
export function slurm() {
  const random = new Random('slurm')
  const submissions: { asked: Moment; row: Record<string, unknown> }[] = []
  const training: Record<string, unknown>[] = []
  const model: Record<string, unknown>[] = []
  const inference: Record<string, unknown>[] = []
  const models: { id: string; finds: string; made: Moment }[] = []
  const whole = (moment: Moment | null) =>
    timestampOrNull(moment === null ? null : Math.floor(moment / second) * second)

  const submit = (
    type: 'TRAINING' | 'INFERENCE',
    fold: number,
    { status, asked, started, ended }: SlurmRun,
  ) => {
    const id = random.uuid()
    const row = {
      id,
      fold_index: fold,
      job_type: type,
      status,
      start_time: whole(started),
      end_time: whole(ended),
      error_message: status === 'FAILED' ? random.pick(slurmFailures) : null,
      sbatch_content: random.chance(0.9)
        ? `#!/bin/bash\n#SBATCH --job-name=${type.toLowerCase()}_${fold}\n#SBATCH --gres=gpu:1\n#SBATCH --mem=64G\nsrun python run.py --fold ${fold}\n`
        : null,
    }
    submissions.push({ asked, row })
    return id
  }

  for (let place = 0; place < trainingCount; place++) {
    const [study, finds] = studies[Math.floor(place / 10) % studies.length] ?? studies[0]
    const fold = place % 10
    const slurmRun = run({ place, count: trainingCount, longest: 20 * hour, random })
    const job = submit('TRAINING', fold, slurmRun)
    const id = random.uuid()
    const name = `${study}, fold ${fold}`
    const trained = slurmRun.status === 'COMPLETED'
    const folder = `/scratch/pic/${id}`
    training.push({
      id,
      name,
      images_path: random.chance(0.95) ? `${folder}/imagesTr` : null,
      labels_path: random.chance(0.95) ? `${folder}/labelsTr` : null,
      model_path: trained ? `${folder}/model` : null,
      job_id: job,
      // Nobody marks the training of a failed job; a few were corrected by hand.
      status: trained
        ? 'TRAINED'
        : slurmRun.status === 'FAILED' && random.chance(0.5)
          ? 'FAILED'
          : 'TRAINING',
      progress: trained
        ? 100
        : slurmRun.status === 'RUNNING'
          ? random.integer(1, 95)
          : random.chance(0.1)
            ? null
            : 0,
      start_time: timestampOrNull(slurmRun.started),
      end_time: timestampOrNull(slurmRun.ended),
    })
    if (!trained || slurmRun.ended === null) continue
    const modelId = random.uuid()
    models.push({ id: modelId, finds, made: slurmRun.ended })
    model.push({
      id: modelId,
      training_id: id,
      model_name: name,
      created_at: timestampOrNull(random.chance(0.02) ? null : slurmRun.ended),
    })
  }

  for (let place = 0; place < predictionCount; place++) {
    const slurmRun = run({ place, count: predictionCount, longest: 25 * minute, random })
    const { status, asked, started, ended } = slurmRun
    const job = submit('INFERENCE', 0, slurmRun)
    const ready = models.filter(({ made }) => made < asked)
    const used = random.pick(ready.length > 0 ? ready : models.slice(0, 5))
    const volume = random.between(0.2, 64)
    const id = random.uuid()
    const input = `/scratch/pic/input/${random.hex(10)}.nii.gz`
    inference.push({
      predict_id: id,
      model_id: used.id,
      job_id: random.chance(0.04) ? null : job,
      input_data: random.chance(0.5) ? input : { image: input, spacing: [1, 1, 2.5] },
      output_dir: random.chance(0.9) ? `/scratch/pic/predictions/${id}` : null,
      prediction: status === 'COMPLETED' ? { label: used.finds, volume_ml: Number(volume.toFixed(2)) } : null,
      status: status === 'RUNNING' ? random.pick(['PENDING', 'PROCESSING']) : status,
      start_time: timestampOrNull(started),
      end_time: timestampOrNull(ended),
      error_message: status === 'FAILED' ? random.pick(slurmFailures) : null,
      created_at: timestampOrNull(random.chance(0.01) ? null : asked),
      updated_at: timestamp(asked),
    })
  }
  const jobs = submissions
    .toSorted((a, b) => a.asked - b.asked)
    .map(({ row }, index) => ({ ...row, sbatch_id: String(4_180_211 + index * 3) }))
  return { jobs, training, model, inference }
}
