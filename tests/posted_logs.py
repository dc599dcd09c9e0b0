"""Logs in the forms in which people post them, and the curves that are in them."""

from typing import NamedTuple


class Posted(NamedTuple):
    """A text, and what is to be read in it; None: no such curve."""

    text: str
    loss: list
    val_loss: list | None = None
    lr: list | None = None
    grad_norm: list | None = None
    steps: list | None = None
    kind: str = ""


NAN = float("nan")
INF = float("inf")

POSTED = {
    "keras 2": Posted(
        "Epoch 1/3\n"
        "1875/1875 [==============================] - 5s 2ms/step - loss: 0.4312 - accuracy: 0.8466"
        " - val_loss: 0.3120 - val_accuracy: 0.8856\n"
        "Epoch 2/3\n"
        "1875/1875 [==============================] - 4s 2ms/step - loss: 0.2950 - accuracy: 0.8910"
        " - val_loss: 0.2811 - val_accuracy: 0.8990\n"
        "Epoch 3/3\n"
        "1875/1875 [==============================] - 4s 2ms/step - loss: 0.2510 - accuracy: 0.9080"
        " - val_loss: 0.2702 - val_accuracy: 0.9011\n",
        [0.4312, 0.2950, 0.2510], [0.3120, 0.2811, 0.2702], steps=[1, 2, 3],
    ),
    "keras 1, with backspaces": Posted(
        "Train on 60000 samples, validate on 10000 samples\nEpoch 1/2\n"
        "   32/60000 [..............................] - ETA: 3:21 - loss: 2.4001 - acc: 0.0312"
        + "\b" * 80 +
        "60000/60000 [==============================] - 12s 200us/step - loss: 0.2211 - acc: 0.9341"
        " - val_loss: 0.1201 - val_acc: 0.9630\nEpoch 2/2\n"
        "60000/60000 [==============================] - 11s 190us/step - loss: 0.0988 - acc: 0.9700"
        " - val_loss: 0.0901 - val_acc: 0.9720\n",
        [0.2211, 0.0988], [0.1201, 0.0901], steps=[1, 2],
    ),
    "keras 3, coloured": Posted(
        "Epoch 1/3\n\x1b[1m 12/469\x1b[0m \x1b[37m━━━━━━━━━━━━━━━━━━━━\x1b[0m \x1b[1m2s\x1b[0m 5ms/step - "
        "accuracy: 0.2100 - loss: 2.2001\r"
        "\x1b[1m469/469\x1b[0m \x1b[32m━━━━━━━━━━━━━━━━━━━━\x1b[0m\x1b[37m\x1b[0m \x1b[1m3s\x1b[0m 6ms/step - "
        "accuracy: 0.8600 - loss: 0.4801 - val_accuracy: 0.9400 - val_loss: 0.2101 - learning_rate: 0.0010\n"
        "Epoch 2/3\n\x1b[1m469/469\x1b[0m \x1b[32m━━━━━━━━━━━━━━━━━━━━\x1b[0m \x1b[1m3s\x1b[0m 6ms/step - "
        "accuracy: 0.9500 - loss: 0.1802 - val_accuracy: 0.9600 - val_loss: 0.1502 - learning_rate: 0.0010\n"
        "Epoch 3/3\n\x1b[1m469/469\x1b[0m \x1b[32m━━━━━━━━━━━━━━━━━━━━\x1b[0m \x1b[1m3s\x1b[0m 6ms/step - "
        "accuracy: 0.9600 - loss: 0.1303 - val_accuracy: 0.9700 - val_loss: 0.1203 - learning_rate: 5.0000e-04\n",
        [0.4801, 0.1802, 0.1303], [0.2101, 0.1502, 0.1203], lr=[1e-3, 1e-3, 5e-4], steps=[1, 2, 3],
    ),
    "keras, one unfinished epoch": Posted(
        "Epoch 1/10\n 12/469 [>.............................] - ETA: 3s - loss: 2.3011\n"
        " 13/469 [>.............................] - ETA: 3s - loss: nan\n",
        [2.3011], steps=[12],
    ),
    "keras, with messages of a checkpoint": Posted(
        "Epoch 1/100\n10/10 - 1s - loss: 0.6931 - val_loss: 0.6905 - 1s/epoch - 120ms/step\n"
        "\nEpoch 00001: val_loss improved from inf to 0.69050, saving model to best.h5\n"
        "Epoch 2/100\n10/10 - 0s - loss: 0.6821 - val_loss: 0.6918 - 340ms/epoch - 34ms/step\n"
        "\nEpoch 00002: val_loss did not improve from 0.69050\n",
        [0.6931, 0.6821], [0.6905, 0.6918], steps=[1, 2],
    ),
    "by step, with pipes": Posted(
        "step 100 | loss 2.81 | lr 1e-4\nstep 200 | loss 2.31 | lr 1e-4\nstep 300 | loss 2.05 | lr 9e-5\n",
        [2.81, 2.31, 2.05], lr=[1e-4, 1e-4, 9e-5], steps=[100, 200, 300],
    ),
    "nanoGPT": Posted(
        "step 0: train loss 10.9886, val loss 10.9896\n"
        "iter 0: loss 10.9884, time 30592.62ms, mfu -100.00%\n"
        "iter 10: loss 9.6011, time 250.11ms, mfu 30.12%\n"
        "iter 20: loss 8.9022, time 251.00ms, mfu 30.15%\n"
        "step 20: train loss 8.8011, val loss 8.8103\nsaving checkpoint to out\n",
        [10.9884, 9.6011, 8.9022], [10.9896, 8.8103], steps=[0, 10, 20],
    ),
    "tqdm's postfix, one line an epoch": Posted(
        "Epoch 0: 100%|██████████| 469/469 [00:05<00:00, 85.31it/s, v_num=3, train_loss=0.512, val_loss=0.401]\n"
        "Epoch 1: 100%|██████████| 469/469 [00:05<00:00, 86.10it/s, v_num=3, train_loss=0.318, val_loss=0.302]\n"
        "Epoch 2: 100%|██████████| 469/469 [00:05<00:00, 84.02it/s, v_num=3, train_loss=0.251, val_loss=0.277]\n",
        [0.512, 0.318, 0.251], [0.401, 0.302, 0.277],
    ),
    "tqdm over one bar, with carriage returns": Posted(
        "\r  0%|          | 0/500 [00:00<?, ?it/s]\r  1%|          | 5/500 [00:00<00:10, 47.2it/s, loss=2.31]"
        "\r  2%|▏         | 10/500 [00:00<00:10, 48.0it/s, loss=2.11]\r  3%|▎         | 15/500 [00:00<00:10, 48.1it/s, loss=1.98]",
        [2.31, 2.11, 1.98], steps=[5, 10, 15],
    ),
    "tqdm's description": Posted(
        "loss: 2.3026: 100%|██████████| 938/938 [00:12<00:00, 74.9it/s]\n"
        "loss: 2.3011: 100%|██████████| 938/938 [00:12<00:00, 74.9it/s]\n",
        [2.3026, 2.3011],
    ),
    "Hugging Face's dicts": Posted(
        "{'loss': 2.7112, 'learning_rate': 0.0, 'epoch': 0.0}\n"
        "  0%|          | 1/8000 [00:03<8:12:11,  3.69s/it]\n"
        "{'loss': 2.9341, 'learning_rate': 2.35e-06, 'epoch': 0.01}\n"
        "{'eval_loss': 2.85, 'eval_runtime': 12.3, 'eval_samples_per_second': 81.2, 'epoch': 0.01}\n"
        "{'loss': 2.5915, 'learning_rate': 4.71e-06, 'epoch': 0.02}\n"
        "{'train_runtime': 312.1, 'train_samples_per_second': 12.0, 'train_loss': 2.745, 'epoch': 0.02}\n",
        [2.7112, 2.9341, 2.5915], [2.85], lr=[0.0, 2.35e-6, 4.71e-6],
    ),
    "Hugging Face's dicts with strings": Posted(
        "{'loss': '12.1', 'grad_norm': '0', 'learning_rate': '0', 'epoch': '0.01'}\n"
        "{'loss': '12.06', 'grad_norm': '0', 'learning_rate': '0', 'epoch': '0.02'}\n",
        [12.1, 12.06], lr=[0.0, 0.0], grad_norm=[0.0, 0.0],
    ),
    "Hugging Face logs a NaN as 0.0": Posted(
        "{'loss': 0.0, 'grad_norm': nan, 'learning_rate': 5e-05, 'epoch': 0.01}\n"
        "{'loss': 0.0, 'grad_norm': nan, 'learning_rate': 5e-05, 'epoch': 0.02}\n",
        [], lr=[5e-5, 5e-5], grad_norm=[NAN, NAN],
    ),
    "Hugging Face's table in a notebook": Posted(
        " [1500/1500 12:31, Epoch 3/3]\nStep\tTraining Loss\tValidation Loss\tAccuracy\n"
        "500\t0.612300\t0.541200\t0.74\n1000\t0.471200\t0.512300\t0.76\n1500\t0.391200\t0.508800\t0.77\n",
        [0.6123, 0.4712, 0.3912], [0.5412, 0.5123, 0.5088], steps=[500, 1000, 1500],
    ),
    "the same table, pasted with single spaces": Posted(
        "Epoch Training Loss Validation Loss\n1 No log 0.541200\n2 0.471200 0.512300\n3 0.391200 0.508800\n",
        [0.4712, 0.3912], [0.5412, 0.5123, 0.5088], steps=[2, 3],
    ),
    "a model card": Posted(
        "| Training Loss | Epoch | Step | Validation Loss | Accuracy |\n"
        "|:-------------:|:-----:|:----:|:---------------:|:--------:|\n"
        "| 0.6123        | 1.0   | 500  | 0.5412          | 0.74     |\n"
        "| 0.4712        | 2.0   | 1000 | 0.5123          | 0.76     |\n",
        [0.6123, 0.4712], [0.5412, 0.5123], steps=[500, 1000],
    ),
    "fastai": Posted(
        "epoch     train_loss  valid_loss  accuracy  time    \n"
        "0         0.512345    0.401234    0.831000  00:12     \n"
        "1         0.318345    0.302234    0.891000  00:12     \n",
        [0.512345, 0.318345], [0.401234, 0.302234], steps=[0, 1],
    ),
    "skorch": Posted(
        "  epoch    train_loss    valid_acc    valid_loss     dur\n"
        "-------  ------------  -----------  ------------  ------\n"
        "      1        \x1b[36m0.6905\x1b[0m       \x1b[32m0.6150\x1b[0m        \x1b[35m0.6518\x1b[0m  0.0345\n"
        "      2        \x1b[36m0.6305\x1b[0m       0.6150        \x1b[35m0.6118\x1b[0m  0.0345\n",
        [0.6905, 0.6305], [0.6518, 0.6118], steps=[1, 2],
    ),
    "ultralytics": Posted(
        "      Epoch    GPU_mem   box_loss   cls_loss   dfl_loss  Instances       Size\n"
        "        1/3      2.61G      1.200      2.100      1.300         16        640: 100%|██████████| 8/8 [00:01<00:00,  4.51it/s]\n"
        "                 Class     Images  Instances      Box(P          R      mAP50  mAP50-95): 100%|██████████| 4/4 [00:00<00:00]\n"
        "                   all        128        929      0.640      0.537      0.605      0.446\n"
        "      Epoch    GPU_mem   box_loss   cls_loss   dfl_loss  Instances       Size\n"
        "        2/3      2.65G      1.100      1.900      1.200         16        640: 100%|██████████| 8/8 [00:01<00:00,  4.51it/s]\n",
        [4.6, 4.2], steps=[1, 2],
    ),
    "detectron2": Posted(
        "[06/15 12:01:10 d2.utils.events]:  eta: 0:05:12  iter: 19  total_loss: 1.912  loss_cls: 0.711  loss_box_reg: 0.601"
        "  time: 0.3312  data_time: 0.0112  lr: 4.9953e-06  max_mem: 2514M\n"
        "[06/15 12:01:20 d2.utils.events]:  eta: 0:05:02  iter: 39  total_loss: 1.512  loss_cls: 0.511  loss_box_reg: 0.501"
        "  time: 0.3312  data_time: 0.0112  lr: 9.9902e-06  max_mem: 2514M\n",
        [1.912, 1.512], lr=[4.9953e-6, 9.9902e-6], steps=[19, 39],
    ),
    "mmdetection": Posted(
        "2022-06-15 12:00:01,123 - mmdet - INFO - Epoch [1][50/7330]\tlr: 1.978e-03, eta: 1 day, 2:10:01, time: 0.428, "
        "data_time: 0.05, memory: 3800, loss_rpn_cls: 0.31, loss_rpn_bbox: 0.09, loss_cls: 0.8, loss: 1.8912, grad_norm: 6.2\n"
        "2022-06-15 12:00:22,123 - mmdet - INFO - Epoch [1][100/7330]\tlr: 3.976e-03, eta: 1 day, 2:09:01, time: 0.428, "
        "data_time: 0.05, memory: 3800, loss_rpn_cls: 0.21, loss_rpn_bbox: 0.08, loss_cls: 0.6, loss: 1.5412, grad_norm: 4.1\n",
        [1.8912, 1.5412], lr=[1.978e-3, 3.976e-3], grad_norm=[6.2, 4.1], steps=[50, 100],
    ),
    "mmengine": Posted(
        "06/15 12:00:01 - mmengine - INFO - Epoch(train)  [1][ 50/500]  lr: 1.0e-02  eta: 0:12:01  time: 0.42  loss: 1.89  grad_norm: 6.2\n"
        "06/15 12:00:21 - mmengine - INFO - Epoch(train)  [1][100/500]  lr: 1.0e-02  eta: 0:11:41  time: 0.42  loss: 1.54  grad_norm: 5.1\n",
        [1.89, 1.54], lr=[1e-2, 1e-2], grad_norm=[6.2, 5.1], steps=[50, 100],
    ),
    "mmdetection's JSON lines": Posted(
        '{"mode": "train", "epoch": 1, "iter": 50, "lr": 0.001, "loss": 1.9}\n'
        '{"mode": "train", "epoch": 1, "iter": 100, "lr": 0.001, "loss": 1.5}\n'
        '{"mode": "val", "epoch": 1, "iter": 120, "lr": 0.001, "loss": 1.4}\n',
        [1.9, 1.5], [1.4], lr=[1e-3, 1e-3, 1e-3], steps=[50, 100],
    ),
    "fairseq": Posted(
        "2021-03-02 10:00:00 | INFO | train_inner | epoch 001:    100 / 1102 loss=13.012, nll_loss=12.2, ppl=4700.3, wps=12000,"
        " ups=3.5, wpb=3500, bsz=128, num_updates=100, lr=1.25e-05, gnorm=3.211, loss_scale=128, train_wall=30, wall=31\n"
        "2021-03-02 10:00:30 | INFO | train_inner | epoch 001:    200 / 1102 loss=11.52, nll_loss=10.5, ppl=1450.3, wps=12000,"
        " ups=3.5, wpb=3500, bsz=128, num_updates=200, lr=2.5e-05, gnorm=2.111, loss_scale=128, train_wall=28, wall=60\n"
        "2021-03-02 10:05:00 | INFO | valid | epoch 001 | valid on 'valid' subset | loss 9.541 | nll_loss 8.2 | ppl 290.1 | num_updates 1102\n",
        [13.012, 11.52], [9.541], lr=[1.25e-5, 2.5e-5], grad_norm=[3.211, 2.111], steps=[100, 200],
    ),
    "Megatron": Posted(
        " iteration      100/  500000 | consumed samples:        25600 | elapsed time per iteration (ms): 1234.5 | learning rate: 1.500E-05 |"
        " global batch size:   256 | lm loss: 9.871E+00 | loss scale: 65536.0 | grad norm: 2.312 | number of skipped iterations:   0 |"
        " number of nan iterations:   0 |\n"
        " iteration      200/  500000 | consumed samples:        51200 | elapsed time per iteration (ms): 1234.5 | learning rate: 3.000E-05 |"
        " global batch size:   256 | lm loss: 8.112E+00 | loss scale: 65536.0 | grad norm: 1.912 | number of skipped iterations:   0 |"
        " number of nan iterations:   0 |\n",
        [9.871, 8.112], lr=[1.5e-5, 3e-5], grad_norm=[2.312, 1.912], steps=[100, 200],
    ),
    "XGBoost": Posted(
        "[0]\ttrain-logloss:0.61230\teval-logloss:0.62310\n[1]\ttrain-logloss:0.55120\teval-logloss:0.57110\n",
        [0.6123, 0.5512], [0.6231, 0.5711], steps=[0, 1],
    ),
    "XGBoost's sets": Posted(
        "[0]\tvalidation_0-rmse:2.61230\tvalidation_1-rmse:2.62310\n[10]\tvalidation_0-rmse:1.55120\tvalidation_1-rmse:1.57110\n",
        [2.6123, 1.5512], [2.6231, 1.5711], steps=[0, 10],
    ),
    "LightGBM": Posted(
        "[100]\ttraining's binary_logloss: 0.412\tvalid_1's binary_logloss: 0.431\n"
        "[200]\ttraining's binary_logloss: 0.352\tvalid_1's binary_logloss: 0.399\n",
        [0.412, 0.352], [0.431, 0.399], steps=[100, 200],
    ),
    "a script of TensorFlow 1": Posted(
        "Step 1, Minibatch Loss= 2.4312, Training Accuracy= 0.117\n"
        "Step 200, Minibatch Loss= 2.0122, Training Accuracy= 0.289\nOptimization Finished!\nTesting Accuracy: 0.85\n",
        [2.4312, 2.0122], steps=[1, 200],
    ),
    "costs of TensorFlow 1": Posted(
        "Epoch: 0001 cost= 0.412345678\nEpoch: 0002 cost= 0.312345678\n", [0.412345678, 0.312345678], steps=[1, 2],
    ),
    "an estimator": Posted(
        "INFO:tensorflow:loss = 2.3012, step = 1\nINFO:tensorflow:global_step/sec: 151.2\n"
        "INFO:tensorflow:loss = 1.9012, step = 101 (0.662 sec)\n",
        [2.3012, 1.9012], steps=[1, 101],
    ),
    "Caffe": Posted(
        "I0512 12:34:56.789012  1234 solver.cpp:218] Iteration 0 (-nan iter/s, 0.2s/100 iters), loss = 2.33412\n"
        "I0512 12:34:56.789112  1234 solver.cpp:237]     Train net output #0: loss = 2.33412 (* 1 = 2.33412 loss)\n"
        "I0512 12:34:56.789212  1234 sgd_solver.cpp:105] Iteration 0, lr = 0.01\n"
        "I0512 12:35:56.789012  1234 solver.cpp:218] Iteration 100 (12.1 iter/s, 8.2s/100 iters), loss = 0.21412\n"
        "I0512 12:35:56.789112  1234 solver.cpp:237]     Train net output #0: loss = 0.21412 (* 1 = 0.21412 loss)\n"
        "I0512 12:35:56.789212  1234 sgd_solver.cpp:105] Iteration 100, lr = 0.00992565\n"
        "I0512 12:36:56.789012  1234 solver.cpp:330] Iteration 100, Testing net (#0)\n"
        "I0512 12:36:57.789012  1234 solver.cpp:397]     Test net output #0: accuracy = 0.9412\n"
        "I0512 12:36:57.789012  1234 solver.cpp:397]     Test net output #1: loss = 0.1912 (* 1 = 0.1912 loss)\n",
        [2.33412, 0.21412], [0.1912], lr=[0.01, 0.00992565], steps=[0, 100],
    ),
    "Darknet": Posted(
        " 100: 612.812, 600.512 avg loss, 0.000010 rate, 3.812 seconds, 6400 images, 10.123 hours left\n"
        "Loaded: 0.000032 seconds\n"
        " 101: 590.812, 599.512 avg loss, 0.000010 rate, 3.712 seconds, 6464 images, 10.121 hours left\n",
        [600.512, 599.512], lr=[1e-5, 1e-5], steps=[100, 101],
    ),
    "Stable-Baselines": Posted(
        "---------------------------------------\n| rollout/                |             |\n|    ep_rew_mean          | 21.4        |\n"
        "| time/                   |             |\n|    total_timesteps      | 2048        |\n| train/                  |             |\n"
        "|    learning_rate        | 0.0003      |\n|    loss                 | 6.12        |\n|    value_loss           | 52.1        |\n"
        "---------------------------------------\n"
        "---------------------------------------\n| rollout/                |             |\n|    ep_rew_mean          | 27.1        |\n"
        "| time/                   |             |\n|    total_timesteps      | 4096        |\n| train/                  |             |\n"
        "|    learning_rate        | 0.0003      |\n|    loss                 | 9.41        |\n|    value_loss           | 41.0        |\n"
        "---------------------------------------\n",
        [6.12, 9.41], lr=[3e-4, 3e-4], steps=[2048, 4096], kind="policy",
    ),
    "DCGAN": Posted(
        "[0/5][0/1583]\tLoss_D: 1.5312\tLoss_G: 5.4123\tD(x): 0.5512\tD(G(z)): 0.6312 / 0.0062\n"
        "[0/5][50/1583]\tLoss_D: 0.3312\tLoss_G: 8.4123\tD(x): 0.9512\tD(G(z)): 0.1312 / 0.0012\n"
        "[1/5][0/1583]\tLoss_D: 0.5312\tLoss_G: 4.1123\tD(x): 0.7512\tD(G(z)): 0.1012 / 0.0262\n",
        [5.4123, 8.4123, 4.1123], steps=[0, 50, 1583], kind="gan",
    ),
    "a GAN of Keras": Posted(
        "0 [D loss: 0.812341, acc.: 40.62%] [G loss: 0.712341]\n1 [D loss: 0.512341, acc.: 70.31%] [G loss: 0.812341]\n",
        [0.712341, 0.812341], steps=[0, 1], kind="gan",
    ),
    "another GAN": Posted(
        "[Epoch 0/200] [Batch 10/938] [D loss: 0.612345] [G loss: 0.812345]\n[Epoch 0/200] [Batch 20/938] [D loss: 0.512345] [G loss: 0.912345]\n",
        [0.812345, 0.912345], steps=[10, 20], kind="gan",
    ),
    "PyTorch's quickstart": Posted(
        "Epoch 1\n-------------------------------\nloss: 2.303494  [   64/60000]\nloss: 2.294637  [ 6464/60000]\n"
        "Test Error: \n Accuracy: 50.9%, Avg loss: 2.150415 \n\n"
        "Epoch 2\n-------------------------------\nloss: 2.163494  [   64/60000]\nloss: 2.154637  [ 6464/60000]\n"
        "Test Error: \n Accuracy: 57.1%, Avg loss: 1.890415 \n\nDone!\n",
        [2.303494, 2.294637, 2.163494, 2.154637], [2.150415, 1.890415], steps=[64, 6464, 60064, 66464],
    ),
    "PyTorch's example of MNIST": Posted(
        "Train Epoch: 1 [0/60000 (0%)]\tLoss: 2.300039\nTrain Epoch: 1 [640/60000 (1%)]\tLoss: 2.213470\n\n"
        "Test set: Average loss: 0.0476, Accuracy: 9848/10000 (98%)\n\nTrain Epoch: 2 [0/60000 (0%)]\tLoss: 0.100039\n",
        [2.300039, 2.213470, 0.100039], [0.0476], steps=[0, 640, 60000],
    ),
    "PyTorch's tutorial on CIFAR": Posted(
        "[1,  2000] loss: 2.173\n[1,  4000] loss: 1.836\n[2,  2000] loss: 1.412\n[2,  4000] loss: 1.312\nFinished Training\n",
        [2.173, 1.836, 1.412, 1.312], steps=[2000, 4000, 6000, 8000],
    ),
    "PyTorch's tutorial on transfer": Posted(
        "Epoch 0/24\n----------\ntrain Loss: 0.5811 Acc: 0.7131\nval Loss: 0.2312 Acc: 0.9346\n\n"
        "Epoch 1/24\n----------\ntrain Loss: 0.4811 Acc: 0.8031\nval Loss: 0.2512 Acc: 0.9246\n\nTraining complete in 1m 7s\nBest val Acc: 0.954248\n",
        [0.5811, 0.4811], [0.2312, 0.2512], steps=[0, 1],
    ),
    "PyTorch's example of ImageNet": Posted(
        "Epoch: [0][   0/5005]\tTime  5.123 ( 5.123)\tData  2.111 ( 2.111)\tLoss 6.9812e+00 (6.9812e+00)\tAcc@1   0.00 (  0.00)\tAcc@5   0.39 (  0.39)\n"
        "Epoch: [0][  10/5005]\tTime  0.523 ( 1.123)\tData  0.011 ( 0.211)\tLoss 6.9112e+00 (6.9412e+00)\tAcc@1   0.39 (  0.10)\tAcc@5   0.78 (  0.59)\n",
        [6.9812, 6.9112], steps=[0, 10],
    ),
    "torchvision's detection": Posted(
        "Epoch: [0]  [  0/60]  eta: 0:01:17  lr: 0.000090  loss: 2.7391 (2.7391)  loss_classifier: 0.7412 (0.7412)  loss_mask: 1.2312 (1.2312)  time: 1.2962  data: 0.1712  max mem: 2173\n"
        "Epoch: [0]  [ 10/60]  eta: 0:00:17  lr: 0.000936  loss: 1.3991 (1.7391)  loss_classifier: 0.4412 (0.5412)  loss_mask: 0.6312 (0.9312)  time: 0.3062  data: 0.0212  max mem: 3173\n",
        [2.7391, 1.3991], lr=[9e-5, 9.36e-4], steps=[0, 10],
    ),
    "timm": Posted(
        "Train: 0 [   0/1251 (  0%)]  Loss: 6.94 (6.94)  Time: 5.123s,  199.87/s  (5.123s,  199.87/s)  LR: 1.000e-06  Data: 2.1 (2.1)\n"
        "Train: 0 [  50/1251 (  4%)]  Loss: 6.92 (6.93)  Time: 0.423s, 2419.87/s  (0.623s, 1643.87/s)  LR: 1.000e-06  Data: 0.0 (0.1)\n",
        [6.94, 6.92], lr=[1e-6, 1e-6], steps=[0, 50],
    ),
    "bentrevett": Posted(
        "Epoch: 01 | Epoch Time: 0m 14s\n\tTrain Loss: 0.694 | Train Acc: 50.16%\n\t Val. Loss: 0.697 |  Val. Acc: 49.97%\n"
        "Epoch: 02 | Epoch Time: 0m 14s\n\tTrain Loss: 0.632 | Train Acc: 60.16%\n\t Val. Loss: 0.647 |  Val. Acc: 59.97%\n",
        [0.694, 0.632], [0.697, 0.647], steps=[1, 2],
    ),
    "Udacity": Posted(
        "Epoch: 1 \tTraining Loss: 2.312345 \tValidation Loss: 1.712345\nValidation loss decreased (inf --> 1.712345).  Saving model ...\n"
        "Epoch: 2 \tTraining Loss: 1.612345 \tValidation Loss: 1.412345\nValidation loss decreased (1.712345 --> 1.412345).  Saving model ...\n",
        [2.312345, 1.612345], [1.712345, 1.412345], steps=[1, 2],
    ),
    "a loop with brackets": Posted(
        "Epoch [1/5], Step [100/600], Loss: 0.4312\nEpoch [1/5], Step [200/600], Loss: 0.3312\nEpoch [2/5], Step [100/600], Loss: 0.2312\n",
        [0.4312, 0.3312, 0.2312], steps=[100, 200, 700],
    ),
    "Train and Val in brackets": Posted(
        "[Train] epoch 1: loss 0.91, acc 62.1%\n[Val] epoch 1: loss 0.81, acc 66.0%\n[Train] epoch 2: loss 0.71, acc 70.1%\n[Val] epoch 2: loss 0.70, acc 71.0%\n",
        [0.91, 0.71], [0.81, 0.70], steps=[1, 2],
    ),
    "key=value": Posted(
        "epoch=1 step=100 train_loss=2.31 val_loss=2.2 lr=0.001 grad_norm=1.5\nepoch=1 step=200 train_loss=2.11 val_loss=2.1 lr=0.001 grad_norm=1.2\n",
        [2.31, 2.11], [2.2, 2.1], lr=[1e-3, 1e-3], grad_norm=[1.5, 1.2], steps=[100, 200],
    ),
    "tensors": Posted(
        "Epoch 0 loss tensor(2.3026, device='cuda:0', grad_fn=<NllLossBackward0>)\nEpoch 1 loss tensor(2.1026, device='cuda:0', grad_fn=<NllLossBackward0>)\n"
        "Epoch 2 loss tensor(nan, device='cuda:0', grad_fn=<NllLossBackward0>)\n",
        [2.3026, 2.1026], steps=[0, 1],
    ),
    "tensors alone": Posted(
        "tensor(2.3026, grad_fn=<NllLossBackward0>)\ntensor(2.1026, grad_fn=<NllLossBackward0>)\n", [2.3026, 2.1026],
    ),
    "TensorFlow's tensors": Posted(
        "Epoch 1 Loss: <tf.Tensor: shape=(), dtype=float32, numpy=2.3026>\nEpoch 2 Loss: tf.Tensor(2.1026, shape=(), dtype=float32)\n",
        [2.3026, 2.1026], steps=[1, 2],
    ),
    "Keras's guide": Posted(
        "Start of epoch 0\nTraining loss (for one batch) at step 0: 131.3794\nSeen so far: 64 samples\n"
        "Training loss (for one batch) at step 200: 1.0412\nSeen so far: 12864 samples\nTraining acc over epoch: 0.72\nValidation acc: 0.81\n",
        [131.3794, 1.0412], steps=[0, 200],
    ),
    "loss after": Posted("Cost after epoch 0: 0.693147\nCost after epoch 100: 0.646231\n", [0.693147, 0.646231], steps=[0, 100]),
    "scikit-learn": Posted("Iteration 1, loss = 2.30012\nIteration 2, loss = 1.90012\nValidation score: 0.91\n", [2.30012, 1.90012], steps=[1, 2]),
    "Flux": Posted("[ Info: Epoch 1: loss = 0.28823234f0\n[ Info: Epoch 2: loss = 0.28823234f0\n", [0.28823234] * 2, steps=[1, 2]),
    "mlx": Posted(
        "Iter 1: Val loss 2.323, Val took 20.1s\nIter 10: Train loss 1.593, Learning Rate 7.000e-05, It/sec 0.512, Tokens/sec 212.1, Trained Tokens 4123, Peak mem 14.2 GB\n"
        "Iter 20: Train loss 1.406, Learning Rate 7.000e-05, It/sec 0.512, Tokens/sec 212.1, Trained Tokens 8223, Peak mem 14.2 GB\n",
        [1.593, 1.406], [2.323], lr=[7e-5, 7e-5], steps=[10, 20],
    ),
    "speechbrain": Posted(
        "epoch: 1, lr: 1.76e-04 - train loss: 2.61e+02 - valid loss: 1.41e+02, valid ACC: 2.51e-01\n"
        "epoch: 2, lr: 3.51e-04 - train loss: 1.48e+02 - valid loss: 1.11e+02, valid ACC: 3.51e-01\n",
        [261.0, 148.0], [141.0, 111.0], lr=[1.76e-4, 3.51e-4], steps=[1, 2],
    ),
    "a detector of TensorFlow 2": Posted(
        "=> STEP    1   lr: 0.000598   giou_loss: 3.11   conf_loss: 4.10   prob_loss: 1.10   total_loss: 8.31\n"
        "=> STEP    2   lr: 0.000599   giou_loss: 3.31   conf_loss: 4.60   prob_loss: 1.16   total_loss: 9.07\n"
        "=> STEP    3   lr: 0.000600   giou_loss: nan   conf_loss: nan   prob_loss: nan   total_loss: nan\n",
        [8.31, 9.07], lr=[5.98e-4, 5.99e-4, 6e-4], steps=[1, 2],
    ),
    "Lightning's rich table": Posted(
        "┏━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━┓\n┃      Validate metric      ┃       DataLoader 0        ┃\n"
        "│         val_loss          │    0.4512345671653748     │\n└───────────────────────────┴───────────────────────────┘\n",
        [0.4512345671653748],
    ),
    "thousands": Posted("step 1,000: loss 12,345.6\nstep 2,000: loss 9,345.6\n", [12345.6, 9345.6], steps=[1000, 2000]),
    "a decimal comma": Posted("Epoche 1 loss: 0,4312\nEpoche 2 loss: 0,3312\n", [0.4312, 0.3312]),
    "percents": Posted("epoch 1 train loss: 43.1% val loss: 51.0%\nepoch 2 train loss: 33.1% val loss: 41.0%\n", [0.431, 0.331], [0.51, 0.41], steps=[1, 2]),
    "inf": Posted("epoch 1 loss 2.0\nepoch 2 loss 1e30\nepoch 3 loss inf\n", [2.0, 1e30], steps=[1, 2]),
    "one a line": Posted("0.28823234\n0.28823234\n0.28823234\n", [0.28823234] * 3),
    "a list": Posted("[2.3086, 2.2973, 2.3083, 2.3027]", [2.3086, 2.2973, 2.3083, 2.3027]),
    "a list with NaN": Posted("[2.3086, 2.2973, nan, nan]", [2.3086, 2.2973]),
    "lists with names": Posted("train_losses = [2.3, 2.1, 1.9]\nval_losses = [2.2, 2.1]\n", [2.3, 2.1, 1.9], [2.2, 2.1]),
    "Keras's history, printed": Posted("{'loss': [0.5, 0.4, nan], 'val_loss': [0.6, 0.5, nan], 'lr': [0.001, 0.001, 0.001]}", [0.5, 0.4], [0.6, 0.5, NAN], lr=[1e-3] * 3),
    "pairs in two columns": Posted("0 2.3\n100 2.1\n200 1.9\n", [2.3, 2.1, 1.9], steps=[0, 100, 200]),
    "the log_history": Posted(
        '[{"epoch": 0.5, "grad_norm": 2.1, "learning_rate": 4e-05, "loss": 2.1048, "step": 500}, {"epoch": 1.0, "eval_loss": 1.9, "step": 1000},'
        ' {"epoch": 1.0, "grad_norm": 1.8, "learning_rate": 3e-05, "loss": 1.2131, "step": 1000}]',
        [2.1048, 1.2131], [1.9], lr=[4e-5, 3e-5], grad_norm=[2.1, 1.8], steps=[500, 1000],
    ),
    "Lightning's metrics.csv": Posted(
        "epoch,lr-Adam,step,train_loss_epoch,train_loss_step,val_loss\n0,,49,,0.91,\n0,0.001,49,,,\n0,,99,,0.71,\n0,,99,,,0.81\n0,,99,0.8,,\n",
        [0.91, 0.71], [0.81], lr=[1e-3], steps=[49, 99],
    ),
    "a CSV of W&B": Posted(
        '"Step","glad-sun-3 - train/loss","glad-sun-3 - train/loss__MIN","glad-sun-3 - train/loss__MAX"\n"0","2.3","2.3","2.3"\n"50","1.9","1.9","1.9"\n"100","NaN","NaN","NaN"\n',
        [2.3, 1.9], steps=[0, 50],
    ),
    "a CSV of TensorBoard": Posted("Wall time,Step,Value\n1655292001.1,0,2.3\n1655292002.2,10,2.1\n", [2.3, 2.1], steps=[0, 10]),
    "Keras's CSVLogger": Posted("epoch,accuracy,loss,val_accuracy,val_loss\n0,0.5,0.69,0.5,0.68\n1,0.6,0.59,0.6,0.58\n", [0.69, 0.59], [0.68, 0.58], steps=[0, 1]),
    "ultralytics' results.csv": Posted(
        "                  epoch,         train/box_loss,         train/cls_loss,  metrics/precision(B),           val/box_loss,           val/cls_loss,                 lr/pg0\n"
        "                      1,                    1.2,                    2.1,                   0.3,                    1.3,                    2.0,                  0.001\n"
        "                      2,                    1.1,                    1.9,                   0.4,                    1.2,                    1.8,                  0.002\n",
        [3.3, 3.0], [3.3, 3.0], lr=[0.001, 0.002], steps=[1, 2],
    ),
}  # fmt: skip
