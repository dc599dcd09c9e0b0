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
}
