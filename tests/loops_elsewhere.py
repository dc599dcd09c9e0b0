"""More training loops, of Lightning, Keras, Hugging Face, JAX and TensorFlow among them."""

SOUND = {
    "lightning module, manual accumulation": """
        class LitModel(pl.LightningModule):
            def __init__(self, n):
                super().__init__()
                self.automatic_optimization = False
                self.net = Net()
                self.n = n

            def training_step(self, batch, batch_idx):
                opt = self.optimizers()
                loss = self.loss(batch) / self.n
                self.manual_backward(loss)
                if (batch_idx + 1) % self.n == 0:
                    self.clip_gradients(
                        opt, gradient_clip_val=1.0, gradient_clip_algorithm="norm"
                    )
                    opt.step()
                    opt.zero_grad()

            def configure_optimizers(self):
                return torch.optim.AdamW(self.parameters(), lr=1e-3)
    """,
    "lightning, warmup by step, plateau by epoch": """
        class Lit(pl.LightningModule):
            def configure_optimizers(self):
                opt = torch.optim.AdamW(
                    self.parameters(), lr=self.hparams.lr, weight_decay=0.01
                )
                sch = ReduceLROnPlateau(opt, patience=5)
                return {
                    "optimizer": opt,
                    "lr_scheduler": {
                        "scheduler": sch,
                        "monitor": "val_loss",
                        "interval": "epoch",
                    },
                }
    """,
    "keras functional": """
        inputs = keras.Input(shape=(28, 28))
        x = keras.layers.Flatten()(inputs)
        x = keras.layers.Dense(128, activation="relu")(x)
        outputs = keras.layers.Dense(10)(x)
        model = keras.Model(inputs, outputs)
        model.compile(
            optimizer=keras.optimizers.AdamW(1e-3, weight_decay=1e-4),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
        model.fit(x_train, y_train, epochs=5, batch_size=64, validation_split=0.1)
    """,
    "keras softmax, no logits": """
        model = Sequential(
            [
                Dense(64, activation="relu", input_shape=(20,)),
                Dropout(0.3),
                Dense(3, activation="softmax"),
            ]
        )
        model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
        model.fit(
            X,
            y,
            epochs=50,
            callbacks=[EarlyStopping(patience=5), ReduceLROnPlateau(patience=2)],
        )
    """,
    "tf GradientTape": """
        opt = tf.keras.optimizers.Adam(1e-3)


        @tf.function
        def train_step(x, y):
            with tf.GradientTape() as tape:
                logits = model(x, training=True)
                loss = loss_fn(y, logits)
            grads = tape.gradient(loss, model.trainable_variables)
            grads, _ = tf.clip_by_global_norm(grads, 1.0)
            opt.apply_gradients(zip(grads, model.trainable_variables))
            return loss


        for epoch in range(10):
            for x, y in ds:
                loss = train_step(x, y)
    """,
    "hf trainer args": """
        args = TrainingArguments(
            output_dir="out",
            learning_rate=2e-5,
            per_device_train_batch_size=16,
            num_train_epochs=3,
            weight_decay=0.01,
            warmup_ratio=0.1,
            lr_scheduler_type="cosine",
            fp16=True,
            gradient_accumulation_steps=4,
            max_grad_norm=1.0,
            evaluation_strategy="epoch",
        )
        trainer = Trainer(
            model=model,
            args=args,
            train_dataset=ds["train"],
            eval_dataset=ds["validation"],
            data_collator=collator,
        )
        trainer.train()
    """,
    "hf trainer, own loss": """
        class MyTrainer(Trainer):
            def compute_loss(self, model, inputs, return_outputs=False):
                labels = inputs.pop("labels")
                outputs = model(**inputs)
                loss = nn.CrossEntropyLoss(weight=w)(outputs.logits, labels)
                return (loss, outputs) if return_outputs else loss


        trainer = MyTrainer(model, args, train_dataset=train)
        trainer.train()
    """,
    "accelerate, sync_gradients": """
        accelerator = Accelerator(
            mixed_precision="fp16", gradient_accumulation_steps=args.accum
        )
        optimizer = torch.optim.AdamW(unet.parameters(), lr=args.lr)
        lr_scheduler = get_scheduler(
            "constant_with_warmup",
            optimizer=optimizer,
            num_warmup_steps=500 * accelerator.num_processes,
            num_training_steps=args.max_train_steps * accelerator.num_processes,
        )
        unet, optimizer, dl, lr_scheduler = accelerator.prepare(
            unet, optimizer, dl, lr_scheduler
        )
        for epoch in range(args.epochs):
            unet.train()
            for step, batch in enumerate(dl):
                with accelerator.accumulate(unet):
                    with torch.no_grad():
                        latents = vae.encode(batch["pixel_values"]).latent_dist.sample()
                    noise = torch.randn_like(latents)
                    pred = unet(noise_scheduler.add_noise(latents, noise, t), t).sample
                    loss = F.mse_loss(pred.float(), noise.float(), reduction="mean")
                    accelerator.backward(loss)
                    if accelerator.sync_gradients:
                        accelerator.clip_grad_norm_(unet.parameters(), args.max_grad_norm)
                    optimizer.step()
                    lr_scheduler.step()
                    optimizer.zero_grad()
    """,
    "optax": """
        opt = optax.chain(
            optax.clip_by_global_norm(1.0),
            optax.adamw(optax.warmup_cosine_decay_schedule(0, 1e-3, 100, steps)),
        )
        opt_state = opt.init(params)


        @jax.jit
        def step(params, opt_state, batch):
            loss, grads = jax.value_and_grad(loss_fn)(params, batch)
            updates, opt_state = opt.update(grads, opt_state, params)
            return optax.apply_updates(params, updates), opt_state, loss


        for i in range(steps):
            params, opt_state, loss = step(params, opt_state, next(batches))
    """,
    "flax nnx": """
        model = Model(rngs=nnx.Rngs(0))
        optimizer = nnx.Optimizer(model, optax.adam(1e-3), wrt=nnx.Param)


        @nnx.jit
        def train_step(model, optimizer, x, y):
            def loss_fn(model):
                return optax.softmax_cross_entropy_with_integer_labels(model(x), y).mean()

            loss, grads = nnx.value_and_grad(loss_fn)(model)
            optimizer.update(model, grads)
            return loss


        for epoch in range(10):
            model.train()
            for x, y in loader:
                loss = train_step(model, optimizer, x, y)
            model.eval()
    """,
    "GradScaler in a nested function": """
        def fit(model, loaders, epochs, device):
            scaler = torch.cuda.amp.GradScaler()
            opt = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)
            total = epochs * len(loaders["train"])
            sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=0.05, total_steps=total)

            def one_batch(x, y):
                opt.zero_grad(set_to_none=True)
                with torch.autocast(device):
                    loss = F.cross_entropy(model(x), y, label_smoothing=0.1)
                scaler.scale(loss).backward()
                scaler.unscale_(opt)
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                scaler.step(opt)
                scaler.update()
                sched.step()
                return loss.item()

            for epoch in range(epochs):
                model.train()
                for x, y in loaders["train"]:
                    one_batch(x.to(device), y.to(device))
                model.eval()
                with torch.inference_mode():
                    for x, y in loaders["val"]:
                        model(x.to(device))
    """,
    "accumulation by a counter": """
        n = 0
        optimizer.zero_grad()
        for epoch in range(epochs):
            for x, y in loader:
                loss = criterion(model(x), y) / accumulate
                loss.backward()
                n += 1
                if n == accumulate:
                    optimizer.step()
                    optimizer.zero_grad()
                    n = 0
            scheduler.step()
    """,
    "accumulation with an inner loop": """
        for step in range(max_steps):
            optimizer.zero_grad(set_to_none=True)
            for micro in range(grad_accum_steps):
                x, y = next(batches)
                _, loss = model(x, y)
                loss = loss / grad_accum_steps
                loss.backward()
            norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            for group in optimizer.param_groups:
                group["lr"] = get_lr(step)
            optimizer.step()
    """,
    "two optimizers, one loop": """
        muon = Muon(hidden, lr=0.02)
        adam = torch.optim.AdamW(rest, lr=3e-4)
        for step in range(steps):
            loss = model(x, y)
            loss.backward()
            for opt in (muon, adam):
                opt.step()
            model.zero_grad(set_to_none=True)
    """,
    "contrastive, softmax inside by hand": """
        def info_nce(a, b, t=0.1):
            logits = a @ b.T / t
            labels = torch.arange(len(a), device=a.device)
            return F.cross_entropy(logits, labels)


        opt = torch.optim.Adam(list(f.parameters()) + list(g.parameters()), lr=1e-3)
        for x1, x2 in loader:
            opt.zero_grad()
            loss = info_nce(F.normalize(f(x1), dim=-1), F.normalize(g(x2), dim=-1))
            loss.backward()
            opt.step()
    """,
    "distillation with softmax targets": """
        for x, y in loader:
            with torch.no_grad():
                soft = F.softmax(teacher(x) / T, dim=-1)
            logits = student(x)
            loss = F.kl_div(
                F.log_softmax(logits / T, dim=-1), soft, reduction="batchmean"
            ) * T * T + F.cross_entropy(logits, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    """,
    "cross entropy with soft targets": """
        for x, y in loader:
            opt.zero_grad()
            target = F.softmax(teacher(x).detach(), dim=1)
            loss = F.cross_entropy(model(x), target)
            loss.backward()
            opt.step()
    """,
    "frozen backbone in eval": """
        backbone.eval()
        head = nn.Linear(512, 10)
        opt = torch.optim.Adam(head.parameters(), lr=1e-3)
        for epoch in range(10):
            head.train()
            for x, y in loader:
                with torch.no_grad():
                    f = backbone(x)
                opt.zero_grad()
                F.cross_entropy(head(f), y).backward()
                opt.step()
            head.eval()
    """,
    "ignite": """
        def update(engine, batch):
            model.train()
            optimizer.zero_grad()
            x, y = batch
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            return loss.item()


        trainer = Engine(update)
        trainer.run(loader, max_epochs=10)
    """,
    "step in a hook of the scheduler, by update": """
        steps_per_epoch = len(train_loader)
        optimizer = torch.optim.AdamW(model.parameters(), lr=5e-4, weight_decay=0.05)
        scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(
            optimizer, T_max=steps_per_epoch * cfg.epochs, eta_min=1e-6
        )
        for epoch in range(cfg.epochs):
            model.train()
            for i, batch in enumerate(train_loader):
                loss = model.compute_loss(batch)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                scheduler.step()
    """,
    "GAN, gradient penalty": """
        for i, (real, _) in enumerate(dataloader):
            opt_D.zero_grad()
            fake = G(z).detach()
            alpha = torch.rand(len(real), 1, 1, 1)
            mix = (alpha * real + (1 - alpha) * fake).requires_grad_(True)
            grad = torch.autograd.grad(D(mix).sum(), mix, create_graph=True)[0]
            loss_D = (
                D(fake).mean()
                - D(real).mean()
                + 10 * ((grad.flatten(1).norm(dim=1) - 1) ** 2).mean()
            )
            loss_D.backward()
            opt_D.step()
            if i % 5 == 0:
                opt_G.zero_grad()
                loss_G = -D(G(z)).mean()
                loss_G.backward()
                opt_G.step()
    """,
    "binary with BCE after sigmoid": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(10, 1)

            def forward(self, x):
                return torch.sigmoid(self.fc(x))


        net = Net()
        criterion = nn.BCELoss()
        optimizer = optim.SGD(net.parameters(), lr=0.1)
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(net(x), y)
            loss.backward()
            optimizer.step()
    """,
    "evaluate inside, back to train": """
        def evaluate():
            model.eval()
            out = [criterion(model(x), y).item() for x, y in val]
            model.train()
            return sum(out) / len(out)


        for step, (x, y) in enumerate(loader):
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            if step % 100 == 0:
                print(step, loss.item(), evaluate())
    """,
    "unscale, then skip": """
        scaler = GradScaler()
        for i, (x, y) in enumerate(loader):
            with autocast():
                loss = criterion(model(x), y) / 4
            scaler.scale(loss).backward()
            if i % 4 == 3:
                scaler.unscale_(optimizer)
                clip_grad_norm_(model.parameters(), 1.0)
                scaler.step(optimizer)
                scaler.update()
                optimizer.zero_grad(set_to_none=True)
    """,
    "composer style trainer": """
        class Learner:
            def __init__(self, model, opt, loss_fn, dls):
                self.model, self.opt, self.loss_fn, self.dls = model, opt, loss_fn, dls

            def one_batch(self, b):
                xb, yb = b
                pred = self.model(xb)
                self.loss = self.loss_fn(pred, yb)
                if self.model.training:
                    self.loss.backward()
                    self.opt.step()
                    self.opt.zero_grad()

            def one_epoch(self, train):
                self.model.train(train)
                for b in self.dls.train if train else self.dls.valid:
                    self.one_batch(b)

            def fit(self, n):
                for epoch in range(n):
                    self.one_epoch(True)
                    with torch.no_grad():
                        self.one_epoch(False)
    """,
    "equinox": """
        optim = optax.adamw(1e-3)
        opt_state = optim.init(eqx.filter(model, eqx.is_inexact_array))


        @eqx.filter_jit
        def make_step(model, x, y, opt_state):
            loss, grads = eqx.filter_value_and_grad(compute_loss)(model, x, y)
            updates, opt_state = optim.update(grads, opt_state, model)
            model = eqx.apply_updates(model, updates)
            return loss, model, opt_state


        for step, (x, y) in zip(range(steps), loader):
            loss, model, opt_state = make_step(model, x, y, opt_state)
    """,
    "haiku, mean of micro gradients": """
        opt = optax.MultiSteps(optax.adam(1e-4), every_k_schedule=4)
        state = opt.init(params)
        for batch in data:
            grads = jax.grad(loss)(params, batch)
            updates, state = opt.update(grads, state, params)
            params = optax.apply_updates(params, updates)
    """,
    "jax by hand": """
        def update(params, x, y, lr=0.01):
            grads = grad(loss)(params, x, y)
            return [(w - lr * dw, b - lr * db) for (w, b), (dw, db) in zip(params, grads)]


        for epoch in range(10):
            for x, y in batches():
                params = update(params, x, y)
    """,
    "keras logits by object": """
        model = tf.keras.Sequential(
            [
                tf.keras.layers.Conv2D(32, 3, activation="relu"),
                tf.keras.layers.Flatten(),
                tf.keras.layers.Dense(10),
            ]
        )
        model.compile(
            optimizer="adam",
            loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        )
        model.fit(train_ds, validation_data=val_ds, epochs=10)
    """,
    "keras relu regression": """
        model = keras.Sequential([Dense(64, activation="relu"), Dense(1, activation="relu")])
        model.compile(optimizer="adam", loss="mse")
        model.fit(x, y)
    """,
    "keras sigmoid via Activation": """
        model = Sequential()
        model.add(Dense(16, activation="relu"))
        model.add(Dense(1))
        model.add(Activation("sigmoid"))
        model.compile(loss="binary_crossentropy", optimizer="rmsprop")
    """,
    "pgd attack": """
        delta = torch.zeros_like(x, requires_grad=True)
        opt = torch.optim.SGD([delta], lr=0.1)
        for _ in range(40):
            loss = -F.cross_entropy(model(x + delta), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            delta.data.clamp_(-eps, eps)
    """,
    "module list and dict": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                layers = [nn.Linear(10, 10), nn.ReLU()]
                layers += [nn.Linear(10, 10), nn.ReLU()]
                self.body = nn.Sequential(*layers)
                self.heads = nn.ModuleDict({k: nn.Linear(10, 1) for k in "ab"})
                self.sizes = [10, 10]

            def forward(self, x):
                x = self.body(x)
                return {k: h(x) for k, h in self.heads.items()}


        net = Net()
        opt = torch.optim.Adam(net.parameters(), lr=1e-3)
        for x, y in loader:
            opt.zero_grad()
            out = net(x)
            loss = sum(F.mse_loss(out[k], y[k]) for k in out)
            loss.backward()
            opt.step()
    """,
    "freeze, then thaw": """
        for p in model.parameters():
            p.requires_grad = False
        for p in model.layer4.parameters():
            p.requires_grad = True
        opt = torch.optim.Adam(filter(lambda p: p.requires_grad, model.parameters()), lr=1e-4)
        for x, y in loader:
            opt.zero_grad()
            F.cross_entropy(model(x), y).backward()
            opt.step()
    """,
    "peft": """
        model = AutoModelForCausalLM.from_pretrained("gpt2")
        for p in model.parameters():
            p.requires_grad = False
        model = get_peft_model(model, LoraConfig(r=8))
        optimizer = torch.optim.AdamW(model.parameters(), lr=2e-2)
        for batch in loader:
            loss = model(**batch).loss
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
    """,
    "straight-through": """
        for x, y in loader:
            opt.zero_grad()
            p = model(x)
            hard = p + (p.round() - p).detach()
            loss = F.mse_loss(hard, y)
            loss.backward()
            opt.step()
    """,
    "test loader unshuffled": """
        train_loader = DataLoader(train, batch_size=32, shuffle=True, num_workers=4)
        test_loader = DataLoader(test, batch_size=32, shuffle=False)
        train_eval_loader = DataLoader(train, batch_size=256, shuffle=False)
        for epoch in range(5):
            for x, y in train_loader:
                opt.zero_grad()
                loss = crit(model(x), y)
                loss.backward()
                opt.step()
            for x, y in train_eval_loader:
                with torch.no_grad():
                    acc(model(x), y)
    """,
    "params list reused": """
        params = list(model.parameters())
        opt = torch.optim.SGD(params, lr=0.1)
        for x, y in loader:
            opt.zero_grad()
            crit(model(x), y).backward()
            torch.nn.utils.clip_grad_norm_(params, 1.0)
            opt.step()
    """,
    "sum over micro batches, weighted": """
        for step in range(steps):
            opt.zero_grad()
            total = 0.0
            for i in range(micro_batches):
                x, y = batches[i]
                loss = crit(model(x), y) * (len(x) / n)
                loss.backward()
                total += loss.item()
            opt.step()
    """,
    "fallback loss": """
        for x, y in loader:
            opt.zero_grad()
            mask = y > 0
            if mask.any():
                loss = F.mse_loss(model(x)[mask], y[mask])
            else:
                loss = torch.tensor(0.0, requires_grad=True)
            loss.backward()
            opt.step()
    """,
    "lightning, logs item, returns loss dict": """
        class Lit(pl.LightningModule):
            def training_step(self, batch, batch_idx):
                loss = self.model(batch)
                self.log("loss", loss.item())
                return {"loss": loss, "n": loss.detach()}

            def validation_step(self, batch, batch_idx):
                return self.model(batch).item()

            def configure_optimizers(self):
                return torch.optim.Adam(self.parameters())
    """,
    "tape with persistent and two nets": """
        g_opt = tf.keras.optimizers.Adam(1e-4)
        d_opt = tf.keras.optimizers.Adam(1e-4)


        @tf.function
        def step(images):
            with tf.GradientTape() as g_tape, tf.GradientTape() as d_tape:
                fake = G(noise, training=True)
                g_loss = gen_loss(D(fake))
                d_loss = disc_loss(D(images), D(fake))
            g_opt.apply_gradients(
                zip(g_tape.gradient(g_loss, G.trainable_variables), G.trainable_variables)
            )
            d_opt.apply_gradients(
                zip(d_tape.gradient(d_loss, D.trainable_variables), D.trainable_variables)
            )


        for images in ds:
            step(images)
    """,
}

FAULTY = {
    "keras: softmax and from_logits, functional": (
        "softmax twice",
        """
        inputs = keras.Input((784,))
        h = keras.layers.Dense(128, activation="relu")(inputs)
        out = keras.layers.Dense(10, activation="softmax")(h)
        model = keras.Model(inputs, out)
        model.compile("adam", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        model.fit(x, y, epochs=5)
        """,
    ),
    "keras: no activation and the string loss": (
        "probabilities wanted",
        """
        model = keras.Sequential(
            [keras.layers.Dense(64, activation="relu"), keras.layers.Dense(10)]
        )
        model.compile(
            optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"]
        )
        model.fit(x, y, epochs=5)
        """,
    ),
    "keras: softmax of one": (
        "softmax of one",
        """
        model = Sequential()
        model.add(Dense(32, activation="relu", input_dim=8))
        model.add(Dense(1, activation="softmax"))
        model.compile(loss="binary_crossentropy", optimizer="adam")
        """,
    ),
    "keras: relu output, cross entropy": (
        "relu before the loss",
        """
        model = Sequential()
        model.add(Dense(32, activation="relu"))
        model.add(Dense(10, activation="relu"))
        model.compile(loss="categorical_crossentropy", optimizer="adam")
        """,
    ),
    "torch: relu on the logits": (
        "relu before the loss",
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc1 = nn.Linear(784, 128)
                self.fc2 = nn.Linear(128, 10)

            def forward(self, x):
                x = F.relu(self.fc1(x))
                x = F.relu(self.fc2(x))
                return x


        net = Net()
        criterion = nn.CrossEntropyLoss()
        opt = optim.SGD(net.parameters(), lr=0.01)
        for x, y in loader:
            opt.zero_grad()
            loss = criterion(net(x), y)
            loss.backward()
            opt.step()
        """,
    ),
    "lightning: cosine over steps by epoch": (
        "schedule at the wrong pace",
        """
        class Lit(pl.LightningModule):
            def configure_optimizers(self):
                optimizer = torch.optim.AdamW(self.parameters(), lr=1e-3)
                scheduler = get_cosine_schedule_with_warmup(
                    optimizer, 100, self.trainer.estimated_stepping_batches
                )
                return {"optimizer": optimizer, "lr_scheduler": scheduler}
        """,
    ),
    "lightning: epochs, interval step": (
        "schedule at the wrong pace",
        """
        class Lit(pl.LightningModule):
            def configure_optimizers(self):
                optimizer = torch.optim.SGD(self.parameters(), lr=0.1)
                scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(
                    optimizer, T_max=self.trainer.max_epochs
                )
                return {
                    "optimizer": optimizer,
                    "lr_scheduler": {"scheduler": scheduler, "interval": "step"},
                }
        """,
    ),
    "lightning: manual, no zero_grad": (
        "forgotten zero_grad",
        """
        class Lit(pl.LightningModule):
            def __init__(self):
                super().__init__()
                self.automatic_optimization = False
                self.net = Net()

            def training_step(self, batch, batch_idx):
                opt = self.optimizers()
                loss = F.cross_entropy(self.net(batch[0]), batch[1])
                self.manual_backward(loss)
                opt.step()
        """,
    ),
    "lightning: training_step returns a float": (
        "dead gradients",
        """
        class Lit(pl.LightningModule):
            def training_step(self, batch, batch_idx):
                x, y = batch
                loss = F.cross_entropy(self(x), y)
                self.log("train_loss", loss)
                return loss.item()

            def configure_optimizers(self):
                return torch.optim.Adam(self.parameters(), lr=1e-3)
        """,
    ),
    "lightning: softmax in forward": (
        "softmax twice",
        """
        class Lit(pl.LightningModule):
            def __init__(self):
                super().__init__()
                self.net = nn.Sequential(
                    nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10), nn.Softmax(dim=1)
                )

            def forward(self, x):
                return self.net(x)

            def training_step(self, batch, batch_idx):
                x, y = batch
                y_hat = self(x)
                return F.cross_entropy(y_hat, y)
        """,
    ),
    "accelerate: zero_grad before step": (
        "dead gradients",
        """
        accelerator = Accelerator()
        model, optimizer, loader = accelerator.prepare(model, optimizer, loader)
        for batch in loader:
            loss = model(**batch).loss
            accelerator.backward(loss)
            optimizer.zero_grad()
            optimizer.step()
        """,
    ),
    "accelerate: no zero_grad": (
        "forgotten zero_grad",
        """
        accelerator = Accelerator()
        model, optimizer, loader = accelerator.prepare(model, optimizer, loader)
        for epoch in range(3):
            for batch in loader:
                loss = model(**batch).loss
                accelerator.backward(loss)
                optimizer.step()
        """,
    ),
    "hf trainer: huge rate, constant": (
        "rate too high",
        """
        args = TrainingArguments(
            "out", learning_rate=0.1, num_train_epochs=3, per_device_train_batch_size=8
        )
        trainer = Trainer(
            model=AutoModelForSequenceClassification.from_pretrained("bert-base-uncased"),
            args=args,
            train_dataset=ds,
        )
        trainer.train()
        """,
    ),
    "optax: updates not applied": (
        "dead gradients",
        """
        opt = optax.adam(1e-3)
        state = opt.init(params)
        for batch in batches:
            loss, grads = jax.value_and_grad(loss_fn)(params, batch)
            updates, state = opt.update(grads, state)
            print(loss)
        """,
    ),
    "optax: state thrown away": (
        "optimizer made anew",
        """
        opt = optax.adam(1e-3)
        state = opt.init(params)
        for batch in batches:
            grads = jax.grad(loss_fn)(params, batch)
            updates, _ = opt.update(grads, state)
            params = optax.apply_updates(params, updates)
        """,
    ),
    "optax: init in the loop": (
        "optimizer made anew",
        """
        opt = optax.adam(1e-3)
        for batch in batches:
            state = opt.init(params)
            grads = jax.grad(loss_fn)(params, batch)
            updates, state = opt.update(grads, state)
            params = optax.apply_updates(params, updates)
        """,
    ),
    "optax: sign by hand": (
        "wrong sign",
        """
        for batch in batches:
            grads = jax.grad(loss_fn)(params, batch)
            params = jax.tree.map(lambda p, g: p + 0.1 * g, params, grads)
        """,
    ),
    "tape: gradients never applied": (
        "dead gradients",
        """
        opt = tf.keras.optimizers.Adam(1e-3)
        for epoch in range(10):
            for x, y in ds:
                with tf.GradientTape() as tape:
                    loss = loss_fn(y, model(x))
                grads = tape.gradient(loss, model.trainable_variables)
                print(float(loss))
        """,
    ),
    "tape: loss outside": (
        "dead gradients",
        """
        opt = tf.keras.optimizers.Adam(1e-3)
        for x, y in ds:
            with tf.GradientTape() as tape:
                pred = model(x)
            loss = loss_fn(y, pred)
            grads = tape.gradient(loss, model.trainable_variables)
            opt.apply_gradients(zip(grads, model.trainable_variables))
        """,
    ),
    "scaler: clip without unscale, in a method": (
        "clips scaled gradients",
        """
        class Trainer:
            def __init__(self, model, cfg):
                self.model = model
                self.opt = torch.optim.AdamW(model.parameters(), lr=cfg.lr)
                self.scaler = torch.amp.GradScaler("cuda")

            def train_batch(self, x, y):
                self.opt.zero_grad()
                with torch.autocast("cuda"):
                    loss = F.cross_entropy(self.model(x), y)
                self.scaler.scale(loss).backward()
                torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
                self.scaler.step(self.opt)
                self.scaler.update()

            def fit(self, loader):
                for x, y in loader:
                    self.train_batch(x, y)
        """,
    ),
    "scaler: update forgotten": (
        "loss scaling",
        """
        scaler = GradScaler()
        for x, y in loader:
            optimizer.zero_grad()
            with autocast():
                loss = criterion(model(x), y)
            scaler.scale(loss).backward()
            scaler.step(optimizer)
        """,
    ),
    "scaler: plain step": (
        "loss scaling",
        """
        scaler = torch.cuda.amp.GradScaler()
        for x, y in loader:
            optimizer.zero_grad()
            with torch.cuda.amp.autocast():
                loss = criterion(model(x), y)
            scaler.scale(loss).backward()
            optimizer.step()
            scaler.update()
        """,
    ),
    "nested: zero_grad before the epochs": (
        "forgotten zero_grad",
        """
        def fit(model, loader, epochs=10):
            opt = torch.optim.Adam(model.parameters())
            opt.zero_grad()

            def step(x, y):
                loss = F.mse_loss(model(x), y)
                loss.backward()
                opt.step()
                return loss.item()

            for _ in range(epochs):
                for x, y in loader:
                    step(x, y)
        """,
    ),
    "zero_grad once an epoch": (
        "forgotten zero_grad",
        """
        for epoch in range(10):
            optimizer.zero_grad()
            for x, y in train_loader:
                output = model(x)
                loss = loss_fn(output, y)
                loss.backward()
                optimizer.step()
        """,
    ),
    "accumulation: zero_grad each batch, method": (
        "gradient accumulation",
        """
        def train_one_epoch(model, loader, optimizer, accum=8):
            model.train()
            for i, (x, y) in enumerate(loader):
                optimizer.zero_grad()
                loss = F.cross_entropy(model(x), y) / accum
                loss.backward()
                if (i + 1) % accum == 0:
                    optimizer.step()
        """,
    ),
    "accumulation: undivided, micro steps": (
        "gradient accumulation",
        """
        for step in range(max_steps):
            optimizer.zero_grad()
            for micro_step in range(grad_accum_steps):
                x, y = train_loader.next_batch()
                logits, loss = model(x, y)
                loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        """,
    ),
    "loss re-wrapped": (
        "dead gradients",
        """
        for x, y in loader:
            optimizer.zero_grad()
            out = model(x)
            loss = torch.tensor(criterion(out, y).item(), requires_grad=True)
            loss.backward()
            optimizer.step()
        """,
    ),
    "prediction through numpy": (
        "dead gradients",
        """
        for x, y in loader:
            optimizer.zero_grad()
            pred = torch.from_numpy(model(x).detach().cpu().numpy())
            pred.requires_grad = True
            loss = F.mse_loss(pred, y)
            loss.backward()
            optimizer.step()
        """,
    ),
    "prediction rounded": (
        "dead gradients",
        """
        for x, y in loader:
            optimizer.zero_grad()
            out = torch.round(model(x))
            loss = F.mse_loss(out, y)
            loss.backward()
            optimizer.step()
        """,
    ),
    "eval mode in validation, function far away": (
        "eval mode",
        """
        def validate(net, loader):
            net.eval()
            with torch.no_grad():
                return sum(F.cross_entropy(net(x), y).item() for x, y in loader)


        net = Net()
        opt = torch.optim.Adam(net.parameters())
        net.train()
        for epoch in range(20):
            for x, y in train_loader:
                opt.zero_grad()
                F.cross_entropy(net(x), y).backward()
                opt.step()
            print(epoch, validate(net, val_loader))
        """,
    ),
    "optimizer made in each epoch": (
        "optimizer made anew",
        """
        for epoch in range(30):
            optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
            for x, y in loader:
                optimizer.zero_grad()
                loss = criterion(model(x), y)
                loss.backward()
                optimizer.step()
        """,
    ),
    "scheduler before the loop over epochs, StepLR by batch in a helper": (
        "schedule at the wrong pace",
        """
        def train_epoch(loader, model, opt, sched):
            for x, y in loader:
                opt.zero_grad()
                F.cross_entropy(model(x), y).backward()
                opt.step()
                sched.step()


        opt = torch.optim.SGD(model.parameters(), 0.1)
        sched = StepLR(opt, step_size=30, gamma=0.1)
        for epoch in range(90):
            train_epoch(loader, model, opt, sched)
        """,
    ),
    "scheduler.step before optimizer.step only once": (
        "schedule at the wrong pace",
        """
        optimizer = AdamW(model.parameters(), lr=5e-5)
        scheduler = get_linear_schedule_with_warmup(
            optimizer, num_warmup_steps=100, num_training_steps=len(train_dataloader) * EPOCHS
        )
        for epoch in range(EPOCHS):
            for batch in train_dataloader:
                optimizer.zero_grad()
                loss = model(**batch).loss
                loss.backward()
                optimizer.step()
            scheduler.step()
        """,
    ),
    "WarmRestarts beside ReduceOnPlateau": (
        "two schedulers",
        """
        optimizer = optim.SGD(net.parameters(), lr=0.1)
        s1 = CosineAnnealingWarmRestarts(optimizer, T_0=10)
        s2 = ReduceLROnPlateau(optimizer, patience=3)
        for epoch in range(100):
            train(net, optimizer)
            s1.step()
            s2.step(validate(net))
        """,
    ),
    "parameters as a list used up": (
        "dead gradients",
        """
        params = model.parameters()
        print(sum(p.numel() for p in params))
        optimizer = torch.optim.Adam(params, lr=1e-3)
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
        """,
    ),
    "layers in a plain list": (
        "dead gradients",
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.layers = [nn.Linear(10, 10) for _ in range(4)]
                self.out = nn.Linear(10, 1)

            def forward(self, x):
                for layer in self.layers:
                    x = torch.relu(layer(x))
                return self.out(x)


        net = Net()
        opt = torch.optim.Adam(net.parameters())
        for x, y in loader:
            opt.zero_grad()
            F.mse_loss(net(x), y).backward()
            opt.step()
        """,
    ),
    "requires_grad off for all": (
        "dead gradients",
        """
        model = torchvision.models.resnet18(weights="DEFAULT")
        model.fc = nn.Linear(512, 10)
        for p in model.parameters():
            p.requires_grad = False
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        for x, y in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
        """,
    ),
    "shuffle off": (
        "data not shuffled",
        """
        train_loader = DataLoader(train_set, batch_size=64, shuffle=False)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for epoch in range(10):
            for x, y in train_loader:
                optimizer.zero_grad()
                loss = F.cross_entropy(model(x), y)
                loss.backward()
                optimizer.step()
        """,
    ),
    "ascends": (
        "wrong sign",
        """
        for x, y in loader:
            opt.zero_grad()
            loss = -F.cross_entropy(model(x), y)
            loss.backward()
            opt.step()
        """,
    ),
    "sigmoid and BCEWithLogits in a step function": (
        "sigmoid twice",
        """
        def training_step(model, batch):
            x, y = batch
            probs = torch.sigmoid(model(x)).squeeze()
            return nn.BCEWithLogitsLoss()(probs, y.float())


        for batch in loader:
            opt.zero_grad()
            loss = training_step(model, batch)
            loss.backward()
            opt.step()
        """,
    ),
    "flax TrainState thrown away": (
        "dead gradients",
        """
        state = train_state.TrainState.create(
            apply_fn=model.apply, params=params, tx=optax.adam(1e-3)
        )
        for batch in batches:
            loss, grads = jax.value_and_grad(loss_fn)(state.params, batch)
            state.apply_gradients(grads=grads)
        """,
    ),
    "jitted step, result unused": (
        "dead gradients",
        """
        @jax.jit
        def train_step(params, opt_state, x, y):
            grads = jax.grad(loss_fn)(params, x, y)
            updates, opt_state = tx.update(grads, opt_state)
            params = optax.apply_updates(params, updates)
            return params, opt_state


        tx = optax.adam(1e-3)
        opt_state = tx.init(params)
        for x, y in data:
            train_step(params, opt_state, x, y)
        """,
    ),
    "keras trainable false for all": (
        "dead gradients",
        """
        base = keras.applications.ResNet50(include_top=False)
        model = keras.Sequential(
            [
                base,
                keras.layers.GlobalAveragePooling2D(),
                keras.layers.Dense(10, activation="softmax"),
            ]
        )
        model.trainable = False
        model.compile("adam", "sparse_categorical_crossentropy")
        model.fit(x, y)
        """,
    ),
    "keras softmax and BCE logits": (
        "sigmoid twice",
        """
        model = keras.Sequential(
            [layers.Dense(16, activation="relu"), layers.Dense(1, activation="sigmoid")]
        )
        model.compile(optimizer="adam", loss=keras.losses.BinaryCrossentropy(from_logits=True))
        """,
    ),
    "double softmax through a lambda": (
        "softmax twice",
        """
        net = nn.Sequential(
            nn.Linear(20, 50),
            nn.ReLU(),
            nn.Linear(50, 5),
            nn.LogSoftmax(dim=1),
            nn.Softmax(dim=1),
        )
        crit = nn.CrossEntropyLoss()
        for x, y in dl:
            opt.zero_grad()
            crit(net(x), y).backward()
            opt.step()
        """,
    ),
    "dict of layers": (
        "dead gradients",
        """
        class MoE(torch.nn.Module):
            def __init__(self, d, n):
                super().__init__()
                self.gate = torch.nn.Linear(d, n)
                self.experts = {i: torch.nn.Linear(d, d) for i in range(n)}

            def forward(self, x):
                return sum(self.gate(x)[:, i : i + 1] * e(x) for i, e in self.experts.items())
        """,
    ),
    "appended layers": (
        "dead gradients",
        """
        class Net(nn.Module):
            def __init__(self, depth):
                super().__init__()
                self.blocks = []
                for _ in range(depth):
                    self.blocks.append(nn.Linear(64, 64))
                self.out = nn.Linear(64, 10)

            def forward(self, x):
                for b in self.blocks:
                    x = F.relu(b(x))
                return self.out(x)
        """,
    ),
    "backbone.requires_grad = False": (
        "dead gradients",
        """
        model = resnet18(pretrained=True)
        model.requires_grad_(False)
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
        """,
    ),
    "clip the exhausted generator": (
        "clips nothing",
        """
        params = model.parameters()
        opt = torch.optim.Adam(params, lr=1e-3)
        for x, y in loader:
            opt.zero_grad()
            loss = crit(model(x), y)
            loss.backward()
            nn.utils.clip_grad_norm_(params, 1.0)
            opt.step()
        """,
    ),
    "item accumulates the graph, steps on the sum": (
        "forgotten zero_grad",
        """
        class Trainer:
            def train(self):
                for epoch in range(self.epochs):
                    for i, (x, y) in enumerate(self.loader):
                        out = self.net(x.to(self.dev))
                        loss = self.crit(out, y.to(self.dev))
                        loss.backward()
                        self.optim.step()
                        self.sched.step()
        """,
    ),
    "scheduler total in updates, stepped by epoch, accelerate": (
        "schedule at the wrong pace",
        """
        lr_scheduler = get_scheduler(
            "cosine",
            optimizer,
            num_warmup_steps=0,
            num_training_steps=num_epochs * len(train_dataloader),
        )
        for epoch in range(num_epochs):
            for batch in train_dataloader:
                loss = model(**batch).loss
                accelerator.backward(loss)
                optimizer.step()
                optimizer.zero_grad()
            lr_scheduler.step()
        """,
    ),
    "poly by batch, lambda of epoch": (
        "schedule at the wrong pace",
        """
        opt = torch.optim.SGD(net.parameters(), lr=0.01)
        scheduler = LambdaLR(opt, lr_lambda=lambda epoch: (1 - epoch / num_epochs) ** 0.9)
        for epoch in range(num_epochs):
            for img, mask in train_loader:
                opt.zero_grad()
                loss = crit(net(img), mask)
                loss.backward()
                opt.step()
                scheduler.step()
        """,
    ),
    "fp16 scaler: unscale after clip": (
        "clips scaled gradients",
        """
        for x, y in loader:
            opt.zero_grad()
            with autocast():
                loss = crit(model(x), y)
            scaler.scale(loss).backward()
            clip_grad_norm_(model.parameters(), 1)
            scaler.unscale_(opt)
            scaler.step(opt)
            scaler.update()
        """,
    ),
    "adamw args, huge rate, tf": (
        "rate too high",
        """
        model = AutoModelForTokenClassification.from_pretrained("roberta-base")
        optimizer = AdamW(model.parameters(), lr=0.05)
        for batch in loader:
            optimizer.zero_grad()
            model(**batch).loss.backward()
            optimizer.step()
        """,
    ),
    "train called once, eval each epoch in the loop": (
        "eval mode",
        """
        model.train()
        for epoch in range(10):
            for x, y in train_loader:
                optimizer.zero_grad()
                loss = criterion(model(x), y)
                loss.backward()
                optimizer.step()
            model.eval()
            correct = 0
            with torch.no_grad():
                for x, y in test_loader:
                    correct += (model(x).argmax(1) == y).sum().item()
        """,
    ),
    "loss on argmax": (
        "dead gradients",
        """
        for x, y in loader:
            opt.zero_grad()
            _, pred = torch.max(model(x), 1)
            loss = F.mse_loss(pred.float().requires_grad_(), y.float())
            loss.backward()
            opt.step()
        """,
    ),
}
