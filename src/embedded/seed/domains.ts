export type TaskType =
  | 'image_classification'
  | 'object_detection'
  | 'instance_segmentation'
  | 'semantic_segmentation'
  | 'pose_estimation'

/** What pictures show: the subject of datasets, projects and jobs. */
export interface Domain {
  readonly dataset: string
  readonly task: TaskType
  readonly classes: readonly string[]
  readonly images: number
}

export const domains = {
  pallets: {
    dataset: 'pallets-v4',
    task: 'object_detection',
    classes: ['pallet', 'crate', 'shrink wrap', 'label', 'damage'],
    images: 14_200,
  },
  forklifts: {
    dataset: 'aisle-cameras',
    task: 'object_detection',
    classes: ['forklift', 'person', 'pallet jack', 'cone'],
    images: 31_500,
  },
  solder: {
    dataset: 'solder-joints',
    task: 'image_classification',
    classes: ['good', 'bridge', 'void', 'cold joint', 'tombstone'],
    images: 48_000,
  },
  scratches: {
    dataset: 'Oberflächen-2026',
    task: 'instance_segmentation',
    classes: ['Kratzer', 'Delle', 'Rost', 'Lackläufer'],
    images: 9_800,
  },
  chest: {
    dataset: 'chest-xray-14',
    task: 'image_classification',
    classes: ['no finding', 'effusion', 'nodule', 'pneumonia', 'cardiomegaly', 'fracture'],
    images: 112_000,
  },
  polyps: {
    dataset: 'colonoscopy-frames',
    task: 'semantic_segmentation',
    classes: ['background', 'polyp', 'instrument'],
    images: 6_400,
  },
  crops: {
    dataset: 'field-drone',
    task: 'semantic_segmentation',
    classes: ['soil', 'maize', 'weed', 'water'],
    images: 22_600,
  },
  leaves: {
    dataset: 'leaf-disease',
    task: 'image_classification',
    classes: ['healthy', 'rust', 'blight', 'mildew', 'leaf spot'],
    images: 54_300,
  },
  signs: {
    dataset: '道路標識',
    task: 'object_detection',
    classes: ['一時停止', '速度制限', '進入禁止', '歩行者'],
    images: 27_900,
  },
  posture: {
    dataset: 'picker-posture',
    task: 'pose_estimation',
    classes: ['person'],
    images: 18_700,
  },
  parcels: {
    dataset: 'parcel-belt',
    task: 'instance_segmentation',
    classes: ['box', 'bag', 'tube', 'envelope'],
    images: 36_000,
  },
} as const satisfies Record<string, Domain>

export type DomainName = keyof typeof domains

/** What a framework's trainer can run, by task: architectures with the score that they tend to reach. */
export const architectures: Readonly<
  Record<string, Readonly<Partial<Record<TaskType, readonly (readonly [model: string, score: number])[]>>>>
> = {
  ultralytics: {
    object_detection: [
      ['yolo11n', 0.58],
      ['yolo11s', 0.64],
      ['yolo11m', 0.69],
      ['yolov8x', 0.71],
    ],
    instance_segmentation: [
      ['yolo11n-seg', 0.49],
      ['yolo11m-seg', 0.57],
    ],
    pose_estimation: [
      ['yolo11n-pose', 0.62],
      ['yolo11m-pose', 0.7],
    ],
    image_classification: [['yolo11s-cls', 0.9]],
  },
  timm: {
    image_classification: [
      ['resnet50', 0.91],
      ['efficientnet_b3', 0.93],
      ['convnext_tiny', 0.945],
      ['vit_base_patch16_224', 0.95],
    ],
  },
  huggingface: {
    image_classification: [
      ['google/vit-base-patch16-224', 0.95],
      ['facebook/dinov2-base', 0.957],
    ],
    object_detection: [['facebook/detr-resnet-50', 0.61]],
    semantic_segmentation: [['nvidia/segformer-b2', 0.76]],
  },
  mmdet: {
    object_detection: [
      ['faster-rcnn_r50_fpn', 0.6],
      ['rtmdet_m', 0.68],
    ],
    instance_segmentation: [['mask-rcnn_r50_fpn', 0.55]],
  },
  mmseg: {
    semantic_segmentation: [
      ['deeplabv3plus_r50', 0.74],
      ['segformer_mit-b2', 0.77],
    ],
  },
  mmpretrain: { image_classification: [['swin-tiny', 0.94]] },
  mmyolo: { object_detection: [['yolov8_s', 0.65]] },
  'vfm-v1': {
    semantic_segmentation: [['sam2-hiera-base', 0.8]],
    instance_segmentation: [['sam2-hiera-base', 0.62]],
    object_detection: [['grounding-dino-t', 0.66]],
  },
}

/** The metric that tells a task's models apart, and those written beside it as a share of it. */
export const taskMetrics: Readonly<
  Record<TaskType, { readonly primary: string; readonly others: Readonly<Record<string, number>> }>
> = {
  image_classification: { primary: 'accuracy', others: { f1: 0.98, top5_accuracy: 1.06 } },
  object_detection: { primary: 'mAP50', others: { 'mAP50-95': 0.68, precision: 1.07, recall: 0.96 } },
  instance_segmentation: { primary: 'mask_mAP50', others: { box_mAP50: 1.05, 'mask_mAP50-95': 0.64 } },
  semantic_segmentation: { primary: 'mIoU', others: { pixel_accuracy: 1.16, dice: 1.09 } },
  pose_estimation: { primary: 'pose_mAP50', others: { 'pose_mAP50-95': 0.7, oks: 0.93 } },
}
