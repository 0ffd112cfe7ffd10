import { readCsv } from './csv.ts'

/** A request to the image-generation service. */
export interface ServiceRequest {
  /** 1 for the first line. */
  readonly number: number
  /** Milliseconds since 1970. */
  readonly created: number
  readonly kind: string
  readonly status: string
  readonly seconds: number
  /** Whose callers it comes from. */
  readonly group: string
  /** Null where it names none. */
  readonly modelVersion: string | null
  readonly promptLength: number | null
  readonly negativePromptLength: number | null
  readonly images: number | null
  readonly steps: number | null
  readonly loras: number
}

const numberOrNull = (text: string) => (text === '' ? null : Number(text))

/** The requests in the order of the file, which is that of their arrival. */
export async function readRequests(folder: string): Promise<ServiceRequest[]> {
  const records = await readCsv({
    folder,
    file: 'inference-requests.csv',
    columns: [
      'gmt_create',
      'predict_type',
      'predict_status',
      'exec_time_seconds',
      'groupId',
      'prompt_length',
      'negative_prompt_length',
      'num_images_per_prompt',
      'num_inference_steps',
      'checkpoint_model_version_id',
      'num_lora',
    ],
  })
  return records.map((record, index) => ({
    number: index + 1,
    created: Date.parse(`${record.gmt_create.replace(' ', 'T')}Z`),
    kind: record.predict_type,
    status: record.predict_status,
    seconds: Number(record.exec_time_seconds),
    group: record.groupId,
    modelVersion: record.checkpoint_model_version_id || null,
    promptLength: numberOrNull(record.prompt_length),
    negativePromptLength: numberOrNull(record.negative_prompt_length),
    images: numberOrNull(record.num_images_per_prompt),
    steps: numberOrNull(record.num_inference_steps),
    loras: Number(record.num_lora),
  }))
}
